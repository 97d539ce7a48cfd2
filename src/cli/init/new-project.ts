import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { UsageError } from '../usage-error.ts';

/** Text of files by their names. */
export type ProjectFiles = Readonly<Record<string, string>>;

/**
 * Writes a new folder, whole or not at all.
 *
 * @throws FidiusError `FIDIUS_CLI_OUTPUT` when it already exists, or cannot be written.
 */
export function writeProject(folder: string, files: ProjectFiles): void {
  if (existsSync(folder)) {
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${folder}: it already exists`, {
      hint: 'Choose another name, or another folder with --path.',
    });
  }
  let made: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text, { flag: 'wx' });
  } catch (cause) {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    const reason = messageOf(cause);
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${folder}: ${reason}`, { cause });
  }
}

/** Where a new project goes: a folder of its name, in the one that was asked for. */
export function projectFolder(name: string, path: string | undefined, cwd: string): string {
  // It becomes the name of a folder, of an npm package, of a plugin, and part of the names of modules.
  if (!/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/i.test(name)) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(name)} as a name`,
      'Use letters, digits, and single - or _ between them, starting with a letter.',
    );
  }
  return resolve(cwd, path ?? '.', name);
}

/** `my-greeter` as the name of an interface: `MyGreeter`. */
export function toInterfaceName(name: string): string {
  return name
    .split(/[-_]/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
