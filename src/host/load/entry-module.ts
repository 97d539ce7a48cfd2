import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The file of a package's entry module, where Python would find it: in `vendor` first, then in the package itself.
 *
 * Nothing is imported. The file is source (`.py`) or compiled (`.so`, `.pyd`); `undefined` when there is none.
 */
export function findEntryModule(folder: string, entryModule: string): string | undefined {
  const path = entryModule.split('.').join('/');
  return [join(folder, 'vendor', path), join(folder, path)]
    .flatMap((module) => [...modulesIn(module, '__init__'), ...modulesIn(dirname(module), basename(module))])
    .at(0);
}

/** Regular files that hold a module of this name, those first that Python prefers: compiled ones. */
function modulesIn(folder: string, name: string): readonly string[] {
  const files = filesIn(folder)
    .filter((file) => file.startsWith(`${name}.`))
    .sort();
  const compiled = files.filter((file) => compiledModule.test(file.slice(name.length)));
  const modules = [...compiled, ...files.filter((file) => file === `${name}.py`)].map((file) => join(folder, file));
  // As for Python: a folder or a pipe of such a name is not a module.
  return modules.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** An ending with or without a tag in it, such as `.cpython-311-x86_64-linux-gnu.so`. */
const compiledModule = /^(?:\.[^.]+)?\.(?:so|pyd)$/;

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The most modules that {@link topModules} returns. */
const mostModules = 10;

/** Names of modules and packages of Python at the top of a folder, at most ten, for messages. */
export function topModules(folder: string): readonly string[] {
  return filesIn(folder)
    .map((name) => (existsSync(join(folder, name, '__init__.py')) ? `${name}.py` : name))
    .flatMap((file) => /^([\p{ID_Start}_]\p{ID_Continue}*)\.py$/u.exec(file)?.[1] ?? [])
    .sort()
    .slice(0, mostModules);
}
