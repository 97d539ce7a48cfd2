import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Interface } from '../../src/index.ts';

/** Writes a package for an interface into a folder; for programs that run without the test runner. */
export function fillPlugin(
  searchPath: string,
  name: string,
  definition: Pick<Interface, 'hash' | 'name' | 'version'>,
  lines: readonly string[],
): void {
  const folder = join(searchPath, name);
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.toml'),
    `[package]
name = "${name}"
version = "1.0.0"
interface = "${definition.name}"
interface_version = ${definition.version}
runtime = "python"
[metadata]
[python]
entry_module = "${name}"
`,
  );
  writeFileSync(join(folder, `${name}.py`), [`__interface_hash__ = ${definition.hash}`, ...lines, ''].join('\n'));
}
