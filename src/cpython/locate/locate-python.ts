import { type FidiusError, FidiusTypeError, isFidiusError } from '../../errors/fidius-error.ts';
import { checkOptionNames, describe } from '../../errors/options.ts';
import { type Attempt, PythonNotFoundError } from '../../errors/python-not-found-error.ts';
import { installHint } from './install-hint.ts';
import type { Candidate, LocateOptions, LocateResult, Locator, Search } from './locator.ts';
import { dotVenv } from './places/dot-venv.ts';
import {
  condaPrefix,
  fidiusPython,
  optionLibpython,
  optionPython,
  pathCommands,
  virtualEnv,
} from './places/named-places.ts';
import { systemLibraries } from './places/system-libraries.ts';
import { forgetFailures, ProbeNeeded } from './probe.ts';
import { isNewerThanTested } from './supported.ts';

/** The places in the order of the search. The first usable Python wins. */
const locators: readonly Locator[] = [
  optionLibpython,
  optionPython,
  fidiusPython,
  virtualEnv,
  condaPrefix,
  dotVenv,
  pathCommands,
  systemLibraries,
];

/**
 * Finds the CPython to run, and says what it looked at.
 *
 * Costs one start of the interpreter (about 20 ms), once per interpreter and process; nothing is started when only
 * `libpython` is given, or files tell enough to start it here. Blocks the calling thread for that long.
 *
 * @throws {@link PythonNotFoundError} with every place that was tried, or `FIDIUS_OPTION_…`.
 */
export function locatePython(options: LocateOptions = {}): LocateResult {
  return runSearch(readOptions(options));
}

/**
 * Asks the interpreters that {@link locatePython} would ask, without blocking this thread: the same call finds the answers
 * then. What is wrong with them, that call reports.
 *
 * The search starts again after each answer. It costs little: most of it looks at files.
 */
export async function probeAhead(options: LocateOptions, signal?: AbortSignal): Promise<void> {
  forgetFailures();
  const search = { ...readOptions(options), deferProbes: true };
  while (signal?.aborted !== true) {
    try {
      runSearch(search);
      return;
    } catch (error) {
      if (!(error instanceof ProbeNeeded)) return;
      await error.ask(signal);
    }
  }
}

function runSearch(search: Search): LocateResult {
  const attempts: Attempt[] = [];
  let nearest: FidiusError | undefined;

  for (const locator of locators) {
    const before = attempts.length;
    for (const candidate of locator.candidates(search)) {
      const { looked } = candidate;
      try {
        const python = { ...candidate.examine(), foundBy: locator.name };
        const note = isNewerThanTested(python.version)
          ? `, though ${python.version} is newer than what was tested`
          : '';
        attempts.push({ locator: locator.name, looked, outcome: `used${note}` });
        return { python, attempts };
      } catch (error) {
        if (!isFidiusError(error)) throw error;
        attempts.push({ locator: locator.name, looked, outcome: error.message });
        if (locator.binding) throw refusal(locator, candidate, error, attempts);
        nearest ??= error;
      }
    }
    if (attempts.length === before) {
      attempts.push({ locator: locator.name, looked: '', outcome: locator.absence(search) });
    }
  }
  throw new PythonNotFoundError(
    nearest?.code ?? 'FIDIUS_PYTHON_NOT_FOUND',
    ['Cannot find a usable CPython in any of these places', ...attempts.map(toLine)].join('\n'),
    attempts,
    { hint: nearest?.hint ?? installHint(), cause: nearest },
  );
}

/** The Python that was asked for cannot be used. All places before it named none, or it would not have been its turn. */
function refusal({ name }: Locator, { looked }: Candidate, error: FidiusError, attempts: readonly Attempt[]): Error {
  const message = `Cannot use the Python of ${name}: ${looked} ${error.message}`;
  return new PythonNotFoundError(error.code, message, attempts, { hint: error.hint, cause: error });
}

function toLine({ locator, looked, outcome }: Attempt): string {
  return looked === '' ? `  ${locator}: ${outcome}` : `  ${locator}: ${looked} ${outcome}`;
}

const optionNames = ['libpython', 'python', 'cwd', 'env', 'allowStatic', 'toStart', 'isolatePython', 'probeTimeoutMs'];

function readOptions(options: LocateOptions): Search {
  checkOptionNames('locatePython()', options, optionNames);
  const { libpython, python, cwd = process.cwd(), env = process.env } = options;
  const { allowStatic = false, toStart = false, isolatePython = false, probeTimeoutMs = 10_000 } = options;
  for (const [name, path] of Object.entries({ libpython, python, cwd })) {
    if (path === undefined || (typeof path === 'string' && path !== '')) continue;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `Option ${name} must be a path, got ${describe(path)}`);
  }
  if (!(probeTimeoutMs > 0)) {
    const message = `Option probeTimeoutMs must be a positive number, got ${describe(probeTimeoutMs)}`;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', message);
  }
  if (typeof isolatePython !== 'boolean') {
    const message = `Option isolatePython must be true or false, got ${describe(isolatePython)}`;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', message);
  }
  return { libpython, python, cwd, env, allowStatic, toStart, isolatePython, probeTimeoutMs, deferProbes: false };
}
