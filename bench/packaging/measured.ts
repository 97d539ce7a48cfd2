import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../median.ts';

/** What a piece of work took. What this system does not tell is `NaN`. */
export interface Measured {
  /** By the clock. */
  readonly ms: number;
  /** Of all threads and processes that took part. */
  readonly processorMs: number;
  /** Resident memory at its highest, Node.js and all that is loaded included. */
  readonly peakBytes: number;
  /** Bytes that were read from files. */
  readonly readBytes: number;
  /** Delay of the event loop, 99th percentile. */
  readonly delayP99Ms: number;
}

const operation = fileURLToPath(new URL('./operation.mjs', import.meta.url));
const execute = promisify(execFile);

/** An operation of the library, in a process of its own; the start of that process is not counted. */
export async function measureOurs(name: string, ...paths: readonly string[]): Promise<Measured> {
  const { stdout } = await execute(process.execPath, [operation, name, ...paths]);
  const measured = JSON.parse(stdout) as { readonly [Name in keyof Measured]: number | null };
  return {
    ms: measured.ms ?? Number.NaN,
    processorMs: measured.processorMs ?? Number.NaN,
    peakBytes: measured.peakBytes ?? Number.NaN,
    readBytes: measured.readBytes ?? Number.NaN,
    delayP99Ms: measured.delayP99Ms ?? Number.NaN,
  };
}

/** A command of the shell; `$1`, `$2`, … are its paths. Fails when the command does. */
export async function measureCommand(command: string, ...paths: readonly string[]): Promise<Measured> {
  const timed = `TIMEFORMAT='%R %U %S'; set -o pipefail; time { ${command}; }`;
  const child = spawn('bash', ['-c', timed, 'bash', ...paths], { stdio: ['ignore', 'ignore', 'pipe'] });
  const peaks = new Map<number, number>();
  const look = setInterval(() => notePeaks(child.pid ?? 0, peaks), 20);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  clearInterval(look);
  const lines = stderr.trim().split('\n');
  if (code !== 0) throw new Error(`${command}: ${lines.at(-2) ?? `exit code ${code}`}`);
  const [real = 0, user = 0, system = 0] = (lines.at(-1) ?? '').split(' ').map(Number);
  const peakBytes = peaks.size === 0 ? Number.NaN : [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
  return {
    ms: real * 1e3,
    processorMs: (user + system) * 1e3,
    peakBytes,
    readBytes: Number.NaN,
    delayP99Ms: Number.NaN,
  };
}

/** Of measurements of the same work: the median of each figure. */
export function medianOf(rounds: readonly Measured[]): Measured {
  const of = (name: keyof Measured) => median(rounds.map((round) => round[name]));
  return {
    ms: of('ms'),
    processorMs: of('processorMs'),
    peakBytes: of('peakBytes'),
    readBytes: of('readBytes'),
    delayP99Ms: of('delayP99Ms'),
  };
}

/** Adds what the processes below one have needed at most so far. */
function notePeaks(parent: number, peaks: Map<number, number>): void {
  try {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    for (const child of children === '' ? [] : children.split(' ').map(Number)) {
      const peak = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
      if (peak !== undefined) peaks.set(child, Number(peak) * 1024);
      notePeaks(child, peaks);
    }
  } catch {
    // It has ended, or this system does not tell.
  }
}
