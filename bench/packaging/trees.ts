import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A package to work on. */
export interface Tree {
  readonly dir: string;
  /** What is in it, for the page. */
  readonly title: string;
  readonly files: number;
  readonly bytes: number;
}

export interface TreeSizes {
  readonly vendoredBytes: number;
  readonly smallFiles: number;
  readonly packages: number;
}

/** What people vendor, compiled code above all. */
const distributions = ['numpy==2.4.6', 'pandas==2.3.3', 'scipy==1.16.3'];

/**
 * A package with about `bytes` of vendored code: of the distributions where pip gets them, otherwise of Python's own library,
 * several times over.
 */
export function vendoredTree(parent: string, python: string, bytes: number): Tree {
  const dir = newPackage(parent, 'vendored');
  const installed = bytes < 50e6 ? undefined : installDistributions(python);
  if (installed !== undefined) {
    cpSync(installed, join(dir, 'vendor'), { recursive: true });
    return describe(dir, distributions.map((each) => each.replace('==', ' ')).join(', '));
  }
  const library = ask(python, "import sysconfig; print(sysconfig.get_path('stdlib'))");
  // What Python was built with, its tests and what is installed are large, and nothing that anybody vendors.
  const names = readdirSync(library).filter((name) => !/^(?:__pycache__|config-.*|site-packages|test)$/.test(name));
  for (let copied = 0, copy = 0; copied < bytes; copy += 1) {
    for (const name of names) {
      if (copied >= bytes) break;
      const target = join(dir, 'vendor', `copy_${copy}`, name);
      cpSync(join(library, name), target, { recursive: true, dereference: true, filter: isNoByteCode });
      copied += measureTree(target).bytes;
    }
  }
  return describe(dir, 'the library of Python itself, in copies');
}

/** A package of many files of about a kilobyte, a hundred to a folder. */
export function smallFilesTree(parent: string, count: number): Tree {
  const dir = newPackage(parent, 'small-files');
  for (let index = 0; index < count; index += 1) {
    const folder = join(dir, 'vendor', `part_${Math.floor(index / 100)}`);
    if (index % 100 === 0) mkdirSync(folder, { recursive: true });
    const line = `value_${index} = "${createHash('sha256').update(String(index)).digest('hex')}"\n`;
    writeFileSync(join(folder, `module_${index}.py`), line.repeat(12));
  }
  return describe(dir, 'Python files of a kilobyte');
}

/** A search path with this many packages. */
export function searchPath(parent: string, count: number): string {
  const dir = join(parent, 'search-path');
  mkdirSync(dir, { recursive: true });
  for (let index = 0; index < count; index += 1) newPackage(dir, `plugin-${index}`);
  return dir;
}

function newPackage(parent: string, name: string): string {
  const dir = join(parent, name);
  mkdirSync(dir, { recursive: true });
  const fields = [`name = "${name}"`, 'version = "1.0.0"', 'interface = "Bench"', 'interface_version = 1'];
  const lines = [
    '[package]',
    ...fields,
    'runtime = "python"',
    '',
    '[metadata]',
    '',
    '[python]',
    'entry_module = "demo"',
  ];
  writeFileSync(join(dir, 'package.toml'), `${lines.join('\n')}\n`);
  writeFileSync(join(dir, 'demo.py'), '__interface_hash__ = 1\n');
  return dir;
}

/** The folder that the distributions were installed into, once for all runs; nothing where pip cannot get them. */
function installDistributions(python: string): string | undefined {
  const stamp = createHash('sha256').update([ask(python, 'import sys; print(sys.version)'), ...distributions].join());
  const cache = join(tmpdir(), `fidius-bench-vendored-${stamp.digest('hex').slice(0, 12)}`);
  if (existsSync(cache)) return cache;
  const half = `${cache}.half`;
  rmSync(half, { recursive: true, force: true });
  process.stderr.write(`bench: install ${distributions.join(' ')}\n`);
  const pip = ['-m', 'pip', 'install', '-q', '--no-compile', '--only-binary', ':all:', '--target', half];
  const { status, stderr } = spawnSync(python, [...pip, ...distributions], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`bench: could not install them: ${stderr.trim().split('\n').at(-1)}\n`);
    return undefined;
  }
  renameSync(half, cache);
  return cache;
}

function describe(dir: string, title: string): Tree {
  return { dir, title, ...measureTree(dir) };
}

function measureTree(path: string): { readonly files: number; readonly bytes: number } {
  const status = statSync(path);
  if (!status.isDirectory()) return { files: 1, bytes: status.size };
  const parts = readdirSync(path).map((name) => measureTree(join(path, name)));
  const sum = (name: 'bytes' | 'files') => parts.reduce((total, part) => total + part[name], 0);
  return { files: sum('files'), bytes: sum('bytes') };
}

function isNoByteCode(path: string): boolean {
  return !path.includes('__pycache__') && !path.includes('site-packages');
}

function ask(python: string, script: string): string {
  return spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout.trim();
}
