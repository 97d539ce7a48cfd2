import { statSync } from 'node:fs';
import { join } from 'node:path';
import { shown } from '../../errors/shown.ts';
import type { PythonManifest } from '../../packaging/manifest/manifest.ts';
import { normalizeName, vendorFolder } from '../../packaging/vendor/distributions.ts';
import { requiredNames } from '../../packaging/vendor/required-names.ts';

/** What a failed import of a package is explained with. */
interface PackageFacts {
  /** The folder or archive that the user knows. */
  readonly path: string;
  /** The folder that it runs from. */
  readonly folder: string;
  readonly manifest: PythonManifest;
}

/** What is known about a missing module, and what to do. */
interface Explanation {
  /** Continues the message; empty if nothing is known. */
  readonly fact: string;
  readonly hint: string;
}

/**
 * Explains a `ModuleNotFoundError` by the requirements of the package and by what was vendored.
 *
 * @param message the message of the exception.
 */
export function explainMissingModule(
  message: string,
  { path, folder, manifest }: PackageFacts,
): Explanation | undefined {
  const [, module] = /^No module named '([^']+)'/.exec(message) ?? [];
  const [top] = module?.split('.') ?? [];
  if (top === undefined) return undefined;
  const { requirements } = manifest.python;
  const names = requiredNames(join(folder, requirements));
  const file = shown(requirements);
  const isListed = names?.has(normalizeName(top)) === true;
  const vendor = vendorCommand(path);
  if (names === undefined || names.size === 0) {
    return { fact: '', hint: `Name the distribution that contains ${top} in ${file} of the package, and ${vendor}.` };
  }
  if (isDirectory(join(folder, vendorFolder))) {
    const again = `Delete the folder ${vendorFolder}, and ${vendor}.`;
    if (isListed) return { fact: `; ${file} names ${top}, and it was not vendored`, hint: again };
    return { fact: '', hint: `Name the distribution that contains ${top} in ${file} of the package. ${again}` };
  }
  const run = `${vendor.charAt(0).toUpperCase()}${vendor.slice(1)}`;
  if (isListed) return { fact: `; ${file} names ${top}, and nothing is vendored`, hint: `${run}.` };
  const hint = `${run}. If no distribution in ${file} contains ${top}, add it first.`;
  return { fact: `; nothing that ${file} names is vendored`, hint };
}

/** What to run; continues a sentence. */
function vendorCommand(path: string): string {
  if (isDirectory(path)) return `run \`fidius package vendor ${shown(path)}\``;
  return 'run `fidius package vendor` and `fidius package pack` on the folder that the archive was made from';
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
