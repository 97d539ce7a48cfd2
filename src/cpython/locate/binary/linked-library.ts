import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Search } from '../locator.ts';
import { readBinary } from './read-binary.ts';

/**
 * The shared library that an interpreter is linked with, known from its file alone: nothing is run.
 *
 * Nothing where that would be a guess: for a script such as a shim of pyenv, a static interpreter as Debian has it, a
 * library in a folder that only the loader knows, and where `LD_LIBRARY_PATH` may lead to another one (ld.so(8)).
 *
 * @throws what the file system says of a file that is missing or must not be executed.
 */
export function linkedLibraryOf(interpreter: string, { cwd, env }: Search): string | undefined {
  if (process.platform !== 'linux' || env['LD_LIBRARY_PATH']) return undefined;
  const path = realpathSync(resolve(cwd, interpreter));
  accessSync(path, constants.X_OK);
  // Other programs run Python, too: only an interpreter tells which environment it belongs to.
  if (!/^python\d*(?:\.\d+)?[a-z]*$/.test(basename(path))) return undefined;
  const { needs = [], runPath = '' } = readBinary(path) ?? {};
  const name = needs.find((each) => each.startsWith('libpython3.'));
  if (name === undefined) return undefined;
  return runPath
    .split(':')
    .map((folder) => join(folder.replace(/^\$(?:ORIGIN|\{ORIGIN\})/, dirname(path)), name))
    .find((library) => isAbsolute(library) && existsSync(library));
}
