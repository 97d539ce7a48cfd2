import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

/** A CPython of this machine that the library supports. */
export interface Python {
  readonly executable: string;
  /** As Python says it: `3.11.7`, `3.14.0rc2`. */
  readonly version: string;
  /** Absolute path of the shared library; `undefined` when this Python is static or its library is not installed. */
  readonly libpython: string | undefined;
}

/** A Python that can run inside Node. */
export interface EmbeddablePython extends Python {
  readonly libpython: string;
}

/** The oldest minor version of Python 3 that the library and the SDK support. */
export const oldestMinor = 9;

let found: readonly Python[] | undefined;

/**
 * Every usable CPython, oldest first; exactly one when `TEST_PYTHON` names an executable.
 *
 * Searched: `python3` and `python3.x` in every folder of PATH, and the versions that pyenv keeps. Each candidate is asked
 * about itself, once per process; what does not answer, is too old or is not CPython is left out.
 */
export function findPythons(): readonly Python[] {
  found ??= searchPythons();
  return found;
}

/** Those of {@link findPythons} whose shared library is there, the last patch release of each minor version. */
export function embeddablePythons(): readonly EmbeddablePython[] {
  return lastOfEachMinor(findPythons());
}

/** A Python whose library is not the given one (the first that is tested), also beside `TEST_PYTHON`; for what takes two. */
export function anotherPython(than = embeddablePythons()[0]?.libpython): EmbeddablePython | undefined {
  const known = than === undefined ? undefined : realpathSync(than);
  return lastOfEachMinor(searchMachine()).find(({ libpython }) => realpathSync(libpython) !== known);
}

function lastOfEachMinor(pythons: readonly Python[]): readonly EmbeddablePython[] {
  const byMinor = new Map<string, EmbeddablePython>();
  for (const python of pythons) {
    const { libpython } = python;
    if (libpython !== undefined) byMinor.set(minorOf(python.version), { ...python, libpython });
  }
  return [...byMinor.values()];
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function searchPythons(): readonly Python[] {
  const override = process.env['TEST_PYTHON'];
  if (override === undefined || override === '') return searchMachine();
  const python = ask(override);
  if (python === undefined) throw new Error(`TEST_PYTHON=${override} is not a CPython >= 3.${oldestMinor} that runs`);
  return [python];
}

function searchMachine(): readonly Python[] {
  const byFile = new Map<string, Python>();
  for (const candidate of new Set([...onPath(), ...inPyenv()].map((file) => realpathSync(file)))) {
    const python = ask(candidate);
    if (python !== undefined) byFile.set(realpathSync(python.executable), python);
  }
  return [...byFile.values()].sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
}

function onPath(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  // pyenv's shims only lead to versions that inPyenv() lists, and each costs a start of bash.
  const real = folders.filter((folder) => !folder.startsWith(pyenvRoot()));
  return real.flatMap((folder) => filesIn(folder).filter((file) => /^python3(\.\d+)?$/.test(basename(file))));
}

function inPyenv(): string[] {
  return filesIn(join(pyenvRoot(), 'versions'))
    .map((version) => join(version, 'bin', 'python3'))
    .filter((file) => existsSync(file));
}

function pyenvRoot(): string {
  return process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv');
}

/** Absolute names of what is in a folder, without dangling links; none when the folder is not there. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((file) => existsSync(file));
}

const question = `
import json, sys, sysconfig
get = sysconfig.get_config_var
print(json.dumps({
    "implementation": sys.implementation.name,
    "executable": sys.executable,
    "version": list(sys.version_info[:3]),
    "release": sys.version.split()[0],
    "shared": bool(get("Py_ENABLE_SHARED")),
    "folder": get("LIBDIR"),
    "names": [get("INSTSONAME"), get("LDLIBRARY")],
}))
`;

interface Answer {
  readonly implementation: string;
  readonly executable: string;
  readonly version: readonly [number, number, number];
  readonly release: string;
  readonly shared: boolean;
  readonly folder: string | null;
  readonly names: readonly (string | null)[];
}

function ask(executable: string): Python | undefined {
  const answer = readAnswer(executable);
  if (answer === undefined) return undefined;
  const [major, minor] = answer.version;
  if (answer.implementation !== 'cpython' || major !== 3 || minor < oldestMinor) return undefined;
  return { executable: answer.executable, version: answer.release, libpython: libraryOf(answer) };
}

function readAnswer(executable: string): Answer | undefined {
  try {
    // Isolated, so that neither PYTHONPATH nor the working folder of a test can change the answer.
    const output = execFileSync(executable, ['-I', '-S', '-c', question], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    return JSON.parse(output) as Answer;
  } catch {
    return undefined; // not a Python 3, or one that does not start: not usable, which is all that is asked
  }
}

function libraryOf({ shared, folder, names, executable }: Answer): string | undefined {
  if (!shared) return undefined;
  // A build that was moved since (an unpacked archive) still names the folder it was configured for.
  const folders = [folder, join(dirname(dirname(executable)), 'lib')].filter((each) => each !== null);
  return folders
    .flatMap((each) =>
      names.filter((name) => name !== null && name.includes('.so')).map((name) => join(each, `${name}`)),
    )
    .find((file) => existsSync(file));
}
