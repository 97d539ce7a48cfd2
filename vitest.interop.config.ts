import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** What is compared with the Rust tool; apart from `npm test`, as it builds that tool first. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/interop/**/*.test.ts'],
    exclude: [],
    globalSetup: ['test/interop/build-reference.ts', ...[base.test?.globalSetup ?? []].flat()],
  },
});
