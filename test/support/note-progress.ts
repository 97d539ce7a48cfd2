/**
 * Setup of every test file: tells the watchdog which tests run, and again and again that the JavaScript thread does.
 *
 * The note is a file of this process: its content says what runs, its time of change is the sign of life.
 */

import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeEach, expect, inject } from 'vitest';

/** Short beside any limit that makes sense, and long beside the 20 µs that it takes. */
const beatMs = 500;

const note = join(inject('progressFolder'), String(process.pid));
const file = relative(process.cwd(), expect.getState().testPath ?? 'an unknown file');
/** More than one where tests run concurrently. */
const running = new Set<string>();

function write(what: string): void {
  writeFileSync(note, what);
}

write(`${file}, before its first test`);
const beat = setInterval(() => utimesSync(note, new Date(), new Date()), beatMs).unref();
process.on('exit', () => {
  clearInterval(beat);
  rmSync(note, { force: true });
});

beforeEach(({ task, onTestFinished }) => {
  const name = `${file} > ${task.fullTestName}`;
  running.add(name);
  write([...running].join('\n'));
  onTestFinished(() => {
    running.delete(name);
    write(running.size === 0 ? `${name}, after its end` : [...running].join('\n'));
  });
});
