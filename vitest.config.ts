import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url));
const testPython = process.env['TEST_PYTHON'];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^fidius$/, replacement: source('index.ts') },
      { find: /^fidius\/packaging$/, replacement: source('packaging.ts') },
      { find: /^fidius\/testing$/, replacement: source('testing.ts') },
      { find: /^fidius\/mcp$/, replacement: source('mcp.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Those build the Rust tool first: npm run test:interop.
    exclude: ['test/interop/**'],
    // A crash in native code must end one file, not the run; and each file starts its own interpreter.
    pool: 'forks',
    // Files mostly wait for processes that they start: on two processors, two at a time take two thirds of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    env: {
      // Byte-code must be written (or kept out of packages) as on a user's machine.
      PYTHONDONTWRITEBYTECODE: '',
      // One Python for what the tests start themselves and for what they embed.
      ...(testPython === undefined ? {} : { FIDIUS_PYTHON: testPython }),
    },
    globalSetup: ['test/support/watchdog.ts', 'test/support/bundled-programs.ts'],
    setupFiles: ['test/support/note-progress.ts', 'test/support/use-bundled-programs.ts'],
    // Generous, for machines that are busy with something else: a test that hangs is what it is for.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    reporters: ['default', './test/support/plain-summary.ts'],
  },
});
