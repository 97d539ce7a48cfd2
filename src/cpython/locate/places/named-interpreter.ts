import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { examineInterpreter } from '../examine-interpreter.ts';
import type { Candidate, Search } from '../locator.ts';
import { environmentFolder } from './environment-folder.ts';
import { findCommand } from './find-command.ts';

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
