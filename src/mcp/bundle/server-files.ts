import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';

/** A file on disk, and its path in a bundle. */
export interface BundledFile {
  readonly source: string;
  readonly path: string;
}

/** What a server needs of this library: it starts Python in another process, so nothing native. */
const ownParts = ['package.json', 'LICENSE', 'dist/bundle', 'runtime', 'python'];

/** Files of packages that only people and compilers read, and the parts of this library that a server does not run. */
const unused = /(?:\.(?:map|md|[cm]?ts|tsbuildinfo)|\/dist\/bundle\/cli\.js|\.pyc)$/;
const unusedFolders = ['node_modules', 'tests', '__pycache__', 'examples'];

/**
 * This library and the SDK of MCP with all that it depends on, as `node_modules` of a server.
 *
 * @param own the folder of this library.
 * @param target path of `node_modules` in the bundle.
 * @throws FidiusError `FIDIUS_MCP_SDK_MISSING`, `FIDIUS_RUNTIME_MISSING`.
 */
export function serverPackages(own: string, target: string): readonly BundledFile[] {
  if (!existsSync(join(own, 'dist/bundle/mcp.js'))) {
    throw new FidiusError('FIDIUS_RUNTIME_MISSING', `${own} does not contain the files that npm publishes`, {
      hint: 'Run `npm run build` in it, or install the package.',
    });
  }
  const parts = ownParts.filter((part) => existsSync(join(own, part)));
  const files = parts.flatMap((part) => filesBelow(join(own, part), `${target}/fidius/${part}`));
  const placed = new Map<string, string>();
  place({ name: '@modelcontextprotocol/sdk', from: own }, target, target, placed);
  return [...files, ...[...placed].flatMap(([path, folder]) => filesBelow(folder, path))];
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Places a package and its dependencies: next to each other, and another version of a package inside the one that needs it.
 *
 * @param placed folders on disk by their path in the bundle.
 */
function place(
  wanted: { readonly name: string; readonly from: string },
  top: string,
  inside: string,
  placed: Map<string, string>,
): void {
  const folder = findPackage(wanted.from, wanted.name);
  if (folder === undefined) throw missing(wanted.name);
  const shared = `${top}/${wanted.name}`;
  const other = placed.get(shared);
  const path = other === undefined || other === folder ? shared : `${inside}/${wanted.name}`;
  if (placed.get(path) === folder) return;
  placed.set(path, folder);
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  for (const name of Object.keys(dependencies)) place({ name, from: folder }, top, `${path}/node_modules`, placed);
}

function missing(name: string): FidiusError {
  return new FidiusError('FIDIUS_MCP_SDK_MISSING', `The bundle needs the package ${name}, which is not installed`, {
    hint: 'Install the SDK of MCP next to fidius: `npm install @modelcontextprotocol/sdk`.',
  });
}

/** Where Node finds a package, seen from a folder. */
function findPackage(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(folder) === folder) return undefined;
  }
}

function filesBelow(source: string, path: string): BundledFile[] {
  if (unused.test(path)) return [];
  let entries: readonly import('node:fs').Dirent[];
  try {
    entries = readdirSync(source, { withFileTypes: true });
  } catch {
    return [{ source, path }];
  }
  return entries
    .filter((entry) => !(entry.isDirectory() && unusedFolders.includes(entry.name)))
    .flatMap((entry) => filesBelow(join(source, entry.name), `${path}/${entry.name}`));
}
