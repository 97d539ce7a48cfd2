import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { testHash } from './descriptors.ts';
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

export function manifestText(name: string, entryModule: string): string {
  return `[package]
name = "${name}"
version = "1.0.0"
interface = "Probe"
interface_version = 1
runtime = "python"

[metadata]

[python]
entry_module = ${JSON.stringify(entryModule)}
`;
}

/** Source of an entry module: the hash line, then the given lines. */
export function moduleText(...lines: readonly string[]): string {
  return [`__interface_hash__ = 0x${testHash.toString(16).padStart(16, '0')}`, ...lines, ''].join('\n');
}

function writeTree(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
