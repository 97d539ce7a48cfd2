import { join } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { isError } from '../../errors/is-error.ts';
import { clearTimeout, setTimeout } from '../../node/timers.ts';
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

/** How the run of an interpreter ended, whether it was waited for or not. */
interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: NodeJS.ErrnoException | undefined;
}

/** Outcomes in this process, by everything that can change them: a pyenv shim heeds the folder and the environment. */
const outcomes = new Map<string, ProbeAnswer | FidiusError>();

/** Not -I, which would do the same: Python 2 does not know it, and could not say that it is too old. */
const probeArguments = ['-E', '-s', '-S', script];

const maxOutputBytes = 1 << 20;

/**
 * Asks an interpreter who it is. Runs neither `site` nor anything the environment variables of Python name.
 *
 * @throws ProbeNeeded if `deferProbes` is set and the interpreter was not asked yet.
 */
export function probe(executable: string, search: Search): ProbeAnswer {
  const key = keyOf(executable, search);
  const known = outcomes.get(key);
  if (known !== undefined) {
    if (!isFidiusError(known)) return known;
    // A failure counts for the search that follows; the interpreter may be repaired after that.
    if (!search.deferProbes) outcomes.delete(key);
    throw known;
  }
  if (search.deferProbes) throw new ProbeNeeded(executable, search);
  const answer = readAnswer(askNow(executable, search), executable, search);
  outcomes.set(key, answer);
  return answer;
}

/** An interpreter has to be asked before the search can go on. */
export class ProbeNeeded extends Error {
  readonly #executable: string;
  readonly #search: Search;

  constructor(executable: string, search: Search) {
    super(`${executable} was not asked yet`);
    this.#executable = executable;
    this.#search = search;
  }

  /** Asks without blocking this thread. Afterwards {@link probe} has the outcome. Ends early if the signal is aborted. */
  async ask(signal: AbortSignal | undefined): Promise<void> {
    const executable = this.#executable;
    let outcome: ProbeAnswer | FidiusError;
    try {
      outcome = readAnswer(await askLater(executable, this.#search, signal), executable, this.#search);
    } catch (error) {
      if (!isFidiusError(error)) throw error;
      outcome = error;
    }
    if (signal?.aborted !== true) outcomes.set(keyOf(executable, this.#search), outcome);
  }
}

/** Forgets the failures of earlier searches that did not look at them. */
export function forgetFailures(): void {
  for (const [key, outcome] of outcomes) if (isFidiusError(outcome)) outcomes.delete(key);
}

function keyOf(executable: string, { cwd, env }: Search): string {
  return JSON.stringify([executable, cwd, env]);
}

function askNow(executable: string, { env, cwd, probeTimeoutMs }: Search): Ended {
  // Loaded now: it takes several milliseconds, and most searches end without asking anybody.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  try {
    return spawnSync(executable, probeArguments, {
      env,
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: probeTimeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputBytes,
      windowsHide: true,
    });
  } catch (error) {
    throw refused(error, executable);
  }
}

/** The same without waiting. @param signal ends the interpreter. */
async function askLater(executable: string, search: Search, signal: AbortSignal | undefined): Promise<Ended> {
  const { env, cwd, probeTimeoutMs } = search;
  const { spawn } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve, reject) => {
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(executable, probeArguments, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    } catch (error) {
      reject(refused(error, executable));
      return;
    }
    let failure: NodeJS.ErrnoException | undefined;
    const end = (code: string) => {
      failure ??= Object.assign(new Error(code), { code });
      child.kill('SIGKILL');
    };
    const output = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream?.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxOutputBytes) end('ENOBUFS');
        else chunks.push(chunk);
      });
      return chunks;
    });
    const timer = setTimeout(() => end('ETIMEDOUT'), Math.min(probeTimeoutMs, 2 ** 31 - 1));
    const abort = () => end('ABORT_ERR');
    signal?.addEventListener('abort', abort, { once: true });
    child.once('error', (error) => (failure ??= error));
    child.once('close', (status, signalName) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      const [stdout = '', stderr = ''] = output.map((chunks) => Buffer.concat(chunks).toString());
      resolve({ stdout, stderr, status, signal: signalName, error: failure });
    });
    if (signal?.aborted === true) abort();
  });
}

/** @throws FidiusError `FIDIUS_PYTHON_NOT_FOUND`, `FIDIUS_PYTHON_NO_ANSWER`. */
function readAnswer(ended: Ended, executable: string, { probeTimeoutMs }: Search): ProbeAnswer {
  const { stdout, stderr, status, signal, error } = ended;
  if (error !== undefined) throw noAnswer(describeFailure(executable, error, probeTimeoutMs), executable, error);
  if (status !== 0) {
    const end = signal === null ? `with exit code ${status}` : `by signal ${signal}`;
    throw noAnswer(`ended ${end} when asked for its version${lastLine(stderr)}`, executable);
  }
  const answer = parseAnswer(stdout);
  if (answer === undefined) throw noAnswer('did not answer as a Python does when asked for its version', executable);
  return answer;
}

/** A process may not be permitted to start others: then starting one throws, instead of telling of an error. */
function refused(cause: unknown, executable: string): unknown {
  if ((cause as { code?: unknown }).code !== 'ERR_ACCESS_DENIED') return cause;
  return noAnswer('was not asked for its version: this process lacks --allow-child-process', executable, cause);
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
