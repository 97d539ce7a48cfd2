import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Interface } from '../../src/index.ts';
import { testHash } from './descriptors.ts';
import { Greeter, greeterLines } from './greeter.ts';
import { tempFolder } from './temp-folder.ts';

export interface PackageParts {
  /** Name of the package. Default: `probe`. */
  readonly name?: string;
  /** Default: `probe_main`, whose file is then `probe_main.py`. */
  readonly entryModule?: string;
  /** Text of files by path, beside `package.toml`. */
  readonly files?: Record<string, string>;
  /** The whole `package.toml`, for packages that are wrong in it. */
  readonly manifest?: string;
  /** Where to put the package. Default: a new temporary folder. */
  readonly folder?: string;
}

/** Writes a package and returns its folder. */
export function writePackage(parts: PackageParts = {}): string {
  const folder = parts.folder ?? tempFolder(parts.name ?? 'probe');
  const { entryModule = 'probe_main', name = 'probe' } = parts;
  writeTree(folder, { 'package.toml': parts.manifest ?? manifestText(name, entryModule), ...parts.files });
  return folder;
}

/** A manifest; for an interface of which nothing else is known unless one is given. */
export function manifestText(
  name: string,
  entryModule: string,
  definition: Pick<Interface, 'name' | 'version'> = { name: 'Probe', version: 1 },
): string {
  return `[package]
name = "${name}"
version = "1.0.0"
interface = "${definition.name}"
interface_version = ${definition.version}
runtime = "python"

[metadata]

[python]
entry_module = ${JSON.stringify(entryModule)}
`;
}

/** Writes a package for an interface into a search path, under its name, and returns its folder. */
export function writePlugin(
  searchPath: string,
  name: string,
  definition: Pick<Interface, 'hash' | 'name' | 'version'>,
  ...lines: readonly string[]
): string {
  const entryModule = name.replaceAll('-', '_');
  const files = { [`${entryModule}.py`]: hashedText(definition.hash, lines) };
  const manifest = manifestText(name, entryModule, definition);
  return writePackage({ name, folder: join(searchPath, name), manifest, files });
}

export interface VersionParts {
  readonly name: string;
  readonly version: string;
  readonly entryModule: string;
  readonly definition: Pick<Interface, 'hash' | 'name' | 'version'>;
  /** Lines of the entry module, below its hash. */
  readonly lines: readonly string[];
  /** Text of further files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes one of several versions of a package into a folder. */
export function writeVersion(folder: string, parts: VersionParts): void {
  const { name, version, entryModule, definition, lines, files } = parts;
  const manifest = manifestText(name, entryModule, definition).replace('"1.0.0"', JSON.stringify(version));
  writePackage({ folder, manifest, files: { [`${entryModule}.py`]: hashedText(definition.hash, lines), ...files } });
}

/** Writes a plugin that implements it into a search path, and returns its folder. */
export function writeGreeter(searchPath: string, name: string): string {
  return writePlugin(searchPath, name, Greeter, ...greeterLines.complete);
}

/** Source of an entry module: the hash line, then the given lines. */
export function moduleText(...lines: readonly string[]): string {
  return hashedText(testHash, lines);
}

function hashedText(hash: bigint, lines: readonly string[]): string {
  return [`__interface_hash__ = 0x${hash.toString(16).padStart(16, '0')}`, ...lines, ''].join('\n');
}

function writeTree(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
