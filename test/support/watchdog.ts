/**
 * Global setup of the test run: ends test processes whose JavaScript thread is blocked, and names the test.
 *
 * A deadlock in native code stops the timers of its process, so the time limit of the test never comes. This runs in the
 * process of vitest itself, which loads no native code. Vitest counts a killed process as a failure.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test processes note what they do; see `note-progress.ts`. */
    progressFolder: string;
  }
}

/** Longer than the time limit of a test: where the thread is not blocked, that limit says more. */
const limitSeconds = Number(process.env['FIDIUS_TEST_BLOCKED_SECONDS'] ?? 120);

/** What is known of one test process. */
interface Watched {
  changed: number;
  /** Looks, one a second, that found no sign of life. Not a difference of times: the whole machine may have slept. */
  silent: number;
}

export default function watch(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'fidius-progress-'));
  project.provide('progressFolder', folder);
  const watched = new Map<string, Watched>();
  const timer = setInterval(() => lookAfter(folder, watched), 1000).unref();
  return () => {
    clearInterval(timer);
    rmSync(folder, { recursive: true, force: true });
  };
}

function lookAfter(folder: string, watched: Map<string, Watched>): void {
  for (const name of readdirSync(folder)) {
    const note = join(folder, name);
    const changed = statSync(note, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined) continue;
    const before = watched.get(name);
    const silent = before?.changed === changed ? before.silent + 1 : 0;
    watched.set(name, { changed, silent });
    if (silent === 0) continue;
    const pid = Number(name);
    if (!isAlive(pid)) rmSync(note, { force: true });
    else if (silent >= limitSeconds) endBlocked(pid, note);
  }
}

function endBlocked(pid: number, note: string): void {
  for (const test of readFileSync(note, 'utf8').split('\n')) {
    console.error(`blocked: ${test} (process ${pid} was ended after ${limitSeconds} s without a sign of life)`);
  }
  rmSync(note, { force: true });
  // What it waits for may be a child that hangs.
  for (const process_ of [...descendantsOf(pid), pid]) kill(process_);
}

function descendantsOf(pid: number): number[] {
  let table: (readonly [pid: number, parent: number])[];
  try {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    table = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  } catch {
    return []; // a small system without `ps`
  }
  const below = (parent: number): number[] =>
    table.filter((entry) => entry[1] === parent).flatMap(([child]) => [...below(child), child]);
  return below(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
