import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import base from './vitest.config.ts';

/** What a test imports to start other processes, interpreters or compilers. */
const processes =
  /node:child_process|support\/(?:doc-workspace|fake-python|installed-package|isolated|other-user|processes|pythons|run-fidius|server-process|talker|unittest)\.ts/;

/** Tests that take more than five seconds for another reason: many files, or waiting for a time limit. */
const slow =
  /(?:cancellation|event-loop|load-all|load-position|package-vendor|safe-stopping|vendor-dependencies|verify-first)\.test\.ts$/;

const tests = fileURLToPath(new URL('test', import.meta.url));

/**
 * The part of `npm test` for edits in between: it takes about a minute, because it starts no processes but those
 * of vitest and of the executor `process`.
 */
export default {
  ...base,
  test: {
    ...base.test,
    include: readdirSync(tests, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && !slow.test(file))
      .filter((file) => !processes.test(readFileSync(join(tests, file), 'utf8')))
      .map((file) => join('test', file)),
    exclude: ['test/interop/**'],
    globalSetup: ['test/support/watchdog.ts'],
    setupFiles: ['test/support/note-progress.ts'],
  },
};
