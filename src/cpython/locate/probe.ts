import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { isError } from '../../errors/is-error.ts';
import { runtimeFolder } from '../runtime-folders.ts';
import { describeMissing, readBinary } from './binary/read-binary.ts';
import type { Search } from './locator.ts';

/** What `runtime/probe_python.py` prints: an interpreter about itself. */
export interface ProbeAnswer {
  readonly implementation: string;
  readonly version: string;
  readonly executable: string;
  readonly baseExecutable: string;
  readonly prefix: string;
  readonly basePrefix: string;
  readonly sitePackages: readonly string[];
  /** Variables of `sysconfig`; `null` where this Python does not know one. */
  readonly config: Readonly<Record<string, string | number | null>>;
}

const script = join(runtimeFolder, 'probe_python.py');

/** Answers of this process, by everything that can change them: a pyenv shim heeds the folder and the environment. */
const answers = new Map<string, ProbeAnswer>();

/** Asks an interpreter who it is. Runs neither `site` nor anything the environment variables of Python name. */
export function probe(executable: string, { env, cwd, probeTimeoutMs }: Search): ProbeAnswer {
  const key = JSON.stringify([executable, cwd, env]);
  const known = answers.get(key);
  if (known !== undefined) return known;

  // Loaded now: it takes several milliseconds, and most searches end without asking anybody.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  // Not -I, which would do the same: Python 2 does not know it, and could not say that it is too old.
  const ask = () =>
    spawnSync(executable, ['-E', '-s', '-S', script], {
      env,
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: probeTimeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 20,
      windowsHide: true,
    });
  const { stdout, stderr, status, signal, error } = unlessRefused(ask, executable);
  if (error !== undefined) throw noAnswer(describeFailure(executable, error, probeTimeoutMs), executable, error);
  if (status !== 0) {
    const end = signal === null ? `with exit code ${status}` : `by signal ${signal}`;
    throw noAnswer(`ended ${end} when asked for its version${lastLine(stderr)}`, executable);
  }
  const answer = parseAnswer(stdout);
  if (answer === undefined) throw noAnswer('did not answer as a Python does when asked for its version', executable);
  answers.set(key, answer);
  return answer;
}

/** A process may not be permitted to start others: then this throws, instead of telling of an error. */
function unlessRefused<T>(ask: () => T, executable: string): T {
  try {
    return ask();
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_ACCESS_DENIED') throw cause;
    throw noAnswer('was not asked for its version: this process lacks --allow-child-process', executable, cause);
  }
}

function noAnswer(message: string, executable: string, cause?: unknown): FidiusError {
  const code = isMissing(cause) ? 'FIDIUS_PYTHON_NOT_FOUND' : 'FIDIUS_PYTHON_NO_ANSWER';
  return new FidiusError(code, `${message}${foreignMachine(executable)}`, {
    cause,
    hint: `Run \`${executable} -V\` to see what is there.`,
  });
}

/** A program of another machine may well run, through an emulator: only one that did not run is told so. */
function foreignMachine(executable: string): string {
  try {
    const machine = readBinary(executable)?.machine ?? process.arch;
    return machine === process.arch ? '' : `; it is a program for ${machine}, and this is ${process.arch}`;
  } catch {
    return ''; // not to be read: then the machine is not what is wrong with it
  }
}

function describeFailure(executable: string, error: NodeJS.ErrnoException, probeTimeoutMs: number): string {
  if (isMissing(error))
    return describeMissing(executable) ?? 'names an interpreter that does not exist in its first line';
  if (error.code === 'EACCES') return 'is not executable';
  if (error.code === 'ETIMEDOUT') return `did not answer within ${probeTimeoutMs} ms`;
  if (error.code === 'ENOBUFS') return 'did not answer as a Python does when asked for its version';
  return `cannot be run (${error.code ?? error.message})`;
}

function isMissing(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ENOENT';
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)?.trim().slice(0, 200);
  return line ? `: ${line}` : '';
}

function parseAnswer(text: string): ProbeAnswer | undefined {
  let answer: Partial<ProbeAnswer> | null;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const strings = [answer?.implementation, answer?.version, answer?.executable, answer?.prefix, answer?.basePrefix];
  const isWhole =
    strings.every((value) => typeof value === 'string') &&
    Array.isArray(answer?.sitePackages) &&
    typeof answer.config === 'object' &&
    answer.config !== null;
  return isWhole ? (answer as ProbeAnswer) : undefined;
}
