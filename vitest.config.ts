import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { fidius: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    // A crash in native code must end one file, not the run; and each file starts its own interpreter.
    pool: 'forks',
    // Byte-code must be written (or kept out of packages) as on a user's machine.
    env: { PYTHONDONTWRITEBYTECODE: '' },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './test/support/plain-summary.ts'],
  },
});
