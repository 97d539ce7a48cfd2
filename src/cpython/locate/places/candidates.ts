import { accessSync, constants, existsSync, lstatSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { examineInterpreter } from '../examine-interpreter.ts';
import type { Candidate, Search } from '../locator.ts';

/** An interpreter that was named explicitly: a command on `PATH`, a path, or the folder of an environment. */
export function namedInterpreter(name: string, search: Search): Candidate {
  const isBare = basename(name) === name;
  const command = isBare ? findCommand(name, search.env) : undefined;
  const path = command ?? resolve(search.cwd, name);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return environmentFolder(path, search);
  if (isBare && !existsSync(path)) return { looked: name, examine: () => throwNoCommand(search.cwd) };
  return { looked: path, examine: () => examineInterpreter(path, search) };
}

function throwNoCommand(cwd: string): never {
  throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', `is no command on PATH, and no file in ${cwd}`, {
    hint: 'Give the path of an interpreter.',
  });
}

/** The program that a shell would run for `command`, or nothing. Relative folders of `PATH` are left out. */
export function findCommand(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const names = process.platform === 'win32' ? [`${command}.exe`, command] : [command];
  // POSIX shells fall back to these two when there is no PATH at all, as in `env -i`.
  const folders = (env['PATH'] ?? env['Path'] ?? '/usr/bin:/bin')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder));
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The interpreter of a virtual environment or a conda environment. */
export function environmentFolder(folder: string, search: Search): Candidate {
  const root = resolve(search.cwd, folder);
  return {
    looked: root,
    examine() {
      if (!existsSync(root)) {
        throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', 'does not exist', {
          hint: 'Create the environment, or leave it with `deactivate`.',
        });
      }
      const interpreter = interpreterIn(root);
      if (interpreter === undefined) {
        throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', 'holds no interpreter', {
          hint: 'Name a virtual environment, or an interpreter.',
        });
      }
      return examineInterpreter(interpreter, search);
    },
  };
}

const places = process.platform === 'win32' ? ['Scripts/python.exe', 'python.exe'] : ['bin/python', 'bin/python3'];

/** Where the environment keeps its interpreter, also when that is a link to one that was removed. */
export function interpreterIn(folder: string): string | undefined {
  return places
    .map((place) => join(folder, place))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}
