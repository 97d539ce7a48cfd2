import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly exitCode: number | null;
  /** Set when the child was ended by a signal, such as SIGSEGV. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The child did not end by itself and was killed. */
  readonly timedOut: boolean;
}

export interface IsolatedOptions {
  readonly args?: readonly string[];
  /** The whole environment; without it the child gets that of the test. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Sent as soon as the child has printed `ready`. */
  readonly signalWhenReady?: NodeJS.Signals;
  readonly timeoutMs?: number;
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
}

const loader = import.meta.resolve('tsx');

/** Where programs are joined with their sources, if there is such a folder: in a run of vitest. See `bundled-programs.ts`. */
export const bundles: { folder?: string } = {};

/** What Node is started with to run a program. */
export function argumentsFor(program: string): readonly string[] {
  const bundle = bundles.folder && join(bundles.folder, program.replace(/\.ts$/, '.mjs'));
  if (bundle !== undefined && existsSync(bundle)) return [bundle];
  return ['--import', loader, fileURLToPath(new URL(`../fixtures/programs/${program}`, import.meta.url))];
}

/**
 * Runs a program of `test/fixtures/programs/` in a Node process of its own and tells how it ended.
 *
 * For everything that may bring a process down or that happens once per process: start and end of the interpreter,
 * crashes, signals, what is printed at exit. Never rejects; a test asserts on the outcome.
 */
export function runIsolated(program: string, options: IsolatedOptions = {}): Promise<Outcome> {
  const { args = [], env = process.env, cwd, signalWhenReady, timeoutMs = 60_000, nodeArgs = [] } = options;
  const child = spawn(process.execPath, [...nodeArgs, ...argumentsFor(program), ...args], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let timedOut = false;
  let signalled = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (signalWhenReady !== undefined && !signalled && /^ready$/m.test(stdout)) {
      signalled = true;
      child.kill(signalWhenReady);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The bound of a wait.
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  return new Promise((resolve) => {
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, stdout, stderr, timedOut });
    });
  });
}

/** Runs a program that must end well, and gives what it printed. @throws Error with all that it had to say, if it does not. */
export async function outputOf(program: string, options: IsolatedOptions = {}): Promise<Outcome> {
  const outcome = await runIsolated(program, options);
  if (outcome.exitCode === 0) return outcome;
  const how = outcome.timedOut ? 'did not end' : `ended with ${outcome.signal ?? outcome.exitCode}`;
  throw new Error(`${program} ${how}:\n${outcome.stdout}${outcome.stderr}`);
}
