import type { Interface } from '../contract/interface.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { importModule } from './import-module.ts';

/** An interface, and the name under which its module exports it. */
export interface ImportedInterface {
  readonly definition: Interface;
  readonly exportName: string;
}

/**
 * The interface that a module of the user's exports.
 *
 * @param name which one, where it exports several.
 * @param howToChoose the hint for one who did not say which.
 * @throws FidiusError `FIDIUS_CLI_INTERFACE`, `FIDIUS_CLI_MODULE`.
 */
export async function importInterface(
  path: string,
  cwd: string,
  { name, howToChoose }: { readonly name: string | undefined; readonly howToChoose: string },
): Promise<ImportedInterface> {
  const { isInterface } = await import('../contract/interface.ts');
  const exported = await importModule(path, cwd);
  const found = [...new Set(Object.values(exported).filter(isInterface))];
  const names = [...new Set(found.map((each) => each.name))].join(', ');
  if (found.length === 0) {
    throw new FidiusError('FIDIUS_CLI_INTERFACE', `${path} exports no interface`, {
      hint: 'Export the result of defineInterface().',
    });
  }
  const fitting = name === undefined ? found : found.filter((each) => each.name === name);
  const [only, another] = fitting;
  if (only === undefined) {
    throw new FidiusError('FIDIUS_CLI_INTERFACE', `${path} exports no interface ${name}; its interfaces are: ${names}`);
  }
  if (another === undefined) {
    const exportNames = Object.keys(exported).filter((key) => exported[key] === only);
    return { definition: only, exportName: exportNames.find((key) => key !== 'default') ?? 'default' };
  }
  const hint = name === undefined ? howToChoose : 'Give them different names.';
  throw new FidiusError('FIDIUS_CLI_INTERFACE', `${path} exports ${fitting.length} interfaces: ${names}`, { hint });
}

/** The same for a module with the name behind it, where one is needed: `interfaces.ts#Greeter`. */
export async function importNamedInterface(module: string, cwd: string): Promise<ImportedInterface> {
  const { path, name } = splitModule(module);
  return importInterface(path, cwd, { name, howToChoose: `Append the name of one: ${path}#<name>.` });
}

/** `interfaces.ts#Greeter` in its parts. */
export function splitModule(module: string): { readonly path: string; readonly name: string | undefined } {
  const at = module.lastIndexOf('#');
  return at === -1 ? { path: module, name: undefined } : { path: module.slice(0, at), name: module.slice(at + 1) };
}
