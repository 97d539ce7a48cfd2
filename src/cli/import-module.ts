import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';

type Module = Readonly<Record<string, unknown>>;

/**
 * Runs a module of the user's and gives what it exports, by name; what a CommonJS module exports as a whole is taken
 * apart too.
 *
 * TypeScript is read by Node itself where it can (22.18 and later), or by whatever loader runs this process, else by
 * `tsx` from the module's own project.
 *
 * @throws FidiusError `FIDIUS_CLI_MODULE`.
 */
export async function importModule(path: string, cwd: string): Promise<Module> {
  const file = resolve(cwd, path);
  if (!existsSync(file)) throw new FidiusError('FIDIUS_CLI_MODULE', `Cannot import ${file}: there is no such file`);
  const exported = isTypeScript(file) ? await importTypeScript(file) : await importFile(file);
  const whole = exported['default'];
  return typeof whole === 'object' && whole !== null ? { ...(whole as Module), ...exported } : exported;
}

function isTypeScript(file: string): boolean {
  return /\.[cm]?ts$/.test(file);
}

async function importFile(file: string): Promise<Module> {
  try {
    return (await import(pathToFileURL(file).href)) as Module;
  } catch (error) {
    throw cannotImport(file, error);
  }
}

async function importTypeScript(file: string): Promise<Module> {
  const url = pathToFileURL(file).href;
  try {
    return (await import(url)) as Module;
  } catch (error) {
    if (!isBeyondNode(error)) throw cannotImport(file, error);
    const tsx = findTsx(file);
    if (tsx === undefined) {
      throw cannotImport(
        file,
        error,
        'Install tsx in its project (`npm install --save-dev tsx`), or use the compiled .js file.',
      );
    }
    return await importWithTsx(tsx, file);
  }
}

/** How Node says that it does not read this TypeScript: not at all, not this syntax, not this kind of specifier. */
function isBeyondNode(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === 'ERR_MODULE_NOT_FOUND') return !error.message.includes('Cannot find package');
  return error.code === 'ERR_UNKNOWN_FILE_EXTENSION' || /^ERR_UNSUPPORTED_.*TYPE/.test(String(error.code));
}

/** The loader that `node --import tsx` would use in the folder of a file. */
function findTsx(file: string): string | undefined {
  try {
    return createRequire(file).resolve('tsx');
  } catch {
    return undefined;
  }
}

async function importWithTsx(tsx: string, file: string): Promise<Module> {
  try {
    await import(pathToFileURL(tsx).href);
    // Node remembers that it could not import the file; under another address it tries again.
    return (await import(`${pathToFileURL(file).href}?tsx`)) as Module;
  } catch (error) {
    throw cannotImport(file, error);
  }
}

function cannotImport(file: string, cause: unknown, hint?: string): FidiusError {
  const reason = messageOf(cause);
  return new FidiusError('FIDIUS_CLI_MODULE', `Cannot import ${file}: ${reason}`, { cause, hint });
}
