import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { Interpreter } from '../interpreter.ts';
import { locatePython } from '../locate/locate-python.ts';
import type { LocatedPython, LocateOptions } from '../locate/locator.ts';
import { implicitEnvironment } from '../locate/places/dot-venv.ts';

/** How Python is started, if it does not run yet. */
export interface StartPlan {
  /** The interpreter to name as the program; CPython looks for one on `PATH` when it is `undefined`. */
  readonly program: string | undefined;
  readonly isolated: boolean;
  /** The environment, if it was not named but found in the current folder. */
  readonly implicit: string | undefined;
}

export function planStart(python: LocatedPython, isolated: boolean): StartPlan {
  const implicit = python.foundBy === implicitEnvironment ? environmentOf(python.executable) : undefined;
  // A library that was found alone. CPython would take the environment of the `python3` that is first on PATH.
  const place = process.platform === 'win32' ? 'python.exe' : `bin/python${python.version}`;
  const standIn = isolated ? join(python.prefix, place) : undefined;
  return { program: python.executable ?? standIn, isolated, implicit };
}

const isolatedFor = new WeakMap<Interpreter, Set<string | undefined>>();

/**
 * Makes sure that an interpreter, also one that other code started, is what an isolated one would be.
 *
 * Nothing that it has taken in can be taken out again. What matters is what it has taken in, not the switches it was started
 * with: an interpreter that found nothing of the kind is accepted.
 *
 * @throws FidiusError `FIDIUS_PYTHON_NOT_ISOLATED`; `FIDIUS_PYTHON_SECOND` when another environment is named.
 */
export function requireIsolated(interpreter: Interpreter, options: LocateOptions): void {
  const { unisolated } = interpreter.facts;
  if (unisolated.length > 0) {
    throw new FidiusError(
      'FIDIUS_PYTHON_NOT_ISOLATED',
      `Python runs in this process already and is not isolated; it has taken in ${unisolated.join(', ')}`,
      {
        hint: 'Open the host that starts Python with `isolatePython: true` and with the option `python`; or accept it with `isolatePython: false`.',
      },
    );
  }
  const checked = isolatedFor.get(interpreter) ?? new Set();
  isolatedFor.set(interpreter, checked);
  if (checked.has(options.python)) return;
  requireNamedEnvironment(interpreter, options);
  checked.add(options.python);
}

/** Two environments can share one library: that it is the same does not say that the named environment is in use. */
function requireNamedEnvironment({ facts }: Interpreter, options: LocateOptions): void {
  if (options.python === undefined) return;
  const named = environmentOf(locatePython({ ...options, toStart: true }).python.executable);
  const running = facts.prefix === facts.base_prefix ? undefined : facts.prefix;
  if (realpath(named) === realpath(running)) return;
  const [runs, wants] = [running, named].map((folder) => folder ?? 'no virtual environment');
  throw new FidiusError(
    'FIDIUS_PYTHON_SECOND',
    `This process already runs Python with ${runs} and cannot change to ${wants}`,
    { hint: 'Use one environment per process: pass the same `python` everywhere.' },
  );
}

/** The folder of the virtual environment that an interpreter is in. */
function environmentOf(executable: string | undefined): string | undefined {
  if (executable === undefined) return undefined;
  // On Windows it may lie in the folder itself.
  const folders = [dirname(executable), dirname(dirname(executable))];
  return folders.find((folder) => existsSync(join(folder, 'pyvenv.cfg')));
}

function realpath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : realpathSync(path);
}
