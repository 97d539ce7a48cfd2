import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Interface } from '../contract/interface.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';

/** An interface, and where it comes from. */
export interface ImportedInterface<T = Interface> {
  readonly definition: T;
  /** The module, as an absolute path. */
  readonly module: string;
  /** The name under which the module exports the interface. */
  readonly exportName: string;
}

/**
 * Imports an interface from a module of the user. A name after the module selects one of several: `interfaces.ts#Greeter`.
 * A file whose name contains the `#` is taken as it is.
 *
 * @throws FidiusError `FIDIUS_CLI_INTERFACE`, `FIDIUS_CLI_MODULE`.
 */
export async function importNamedInterface(specifier: string, cwd: string): Promise<ImportedInterface> {
  const { isInterface } = await import('../contract/interface.ts');
  return importNamedDefinition(specifier, cwd, isInterface);
}

/** The same for anything with a name: `is` tells what is meant. */
export async function importNamedDefinition<T extends { readonly name: string }>(
  specifier: string,
  cwd: string,
  is: (value: unknown) => value is T,
): Promise<ImportedInterface<T>> {
  const at = specifier.lastIndexOf('#');
  if (at === -1 || existsSync(resolve(cwd, specifier))) return importDefinition(specifier, cwd, undefined, is);
  return importDefinition(specifier.slice(0, at), cwd, specifier.slice(at + 1), is);
}

/**
 * Imports what a module of the user defines.
 *
 * @param name its name, if the module exports several.
 * @throws FidiusError `FIDIUS_CLI_INTERFACE`, `FIDIUS_CLI_MODULE`.
 */
export async function importDefinition<T extends { readonly name: string }>(
  path: string,
  cwd: string,
  name: string | undefined,
  is: (value: unknown) => value is T,
): Promise<ImportedInterface<T>> {
  const module = resolve(cwd, path);
  const exported = await importModule(module);
  const found = [...new Set(Object.values(exported).filter(is))];
  const names = [...new Set(found.map((each) => each.name))].join(', ');
  if (found.length === 0) {
    throw new FidiusError('FIDIUS_CLI_INTERFACE', `${path} exports no interface`, {
      hint: 'Export the result of defineInterface().',
    });
  }
  const matching = name === undefined ? found : found.filter((each) => each.name === name);
  const [only, another] = matching;
  if (only === undefined) {
    throw new FidiusError(
      'FIDIUS_CLI_INTERFACE',
      `${path} exports no interface ${name}; its interfaces are: ${names}`,
      {
        hint: 'Name one of these, or export the interface from the module.',
      },
    );
  }
  if (another === undefined) {
    const exportNames = Object.keys(exported).filter((key) => exported[key] === only);
    return { definition: only, module, exportName: exportNames.find((key) => key !== 'default') ?? 'default' };
  }
  const hint = name === undefined ? `Append the name of one: ${path}#<name>.` : 'Give them different names.';
  throw new FidiusError('FIDIUS_CLI_INTERFACE', `${path} exports ${matching.length} interfaces: ${names}`, { hint });
}

type Module = Readonly<Record<string, unknown>>;

/**
 * Runs a module and returns its exports by name, including the properties of the object that a CommonJS module exports.
 *
 * TypeScript is read by Node if it can (22.18 and later), or by the loader of this process, otherwise by the `tsx` of the
 * project that contains the module.
 */
async function importModule(file: string): Promise<Module> {
  if (!existsSync(file))
    throw new FidiusError('FIDIUS_CLI_MODULE', `Cannot import ${file}: there is no such file`, {
      hint: 'Correct the path of the module.',
    });
  const exported = isTypeScript(file) ? await importTypeScript(file) : await importFile(file);
  const defaultExport = exported['default'];
  const isObject = typeof defaultExport === 'object' && defaultExport !== null;
  return isObject ? { ...(defaultExport as Module), ...exported } : exported;
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

/** Whether Node cannot read this TypeScript: no TypeScript at all, not this syntax, or not this kind of specifier. */
function isBeyondNode(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === 'ERR_MODULE_NOT_FOUND') return !error.message.includes('Cannot find package');
  return error.code === 'ERR_UNKNOWN_FILE_EXTENSION' || /^ERR_UNSUPPORTED_.*TYPE/.test(String(error.code));
}

/** The loader that `node --import tsx` would use in the folder of the file. */
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
    // Node caches the failed import. A different URL starts a new one.
    return (await import(`${pathToFileURL(file).href}?tsx`)) as Module;
  } catch (error) {
    throw cannotImport(file, error);
  }
}

function cannotImport(file: string, cause: unknown, hint?: string): FidiusError {
  const reason = messageOf(cause);
  return new FidiusError('FIDIUS_CLI_MODULE', `Cannot import ${file}: ${reason}`, { cause, hint });
}
