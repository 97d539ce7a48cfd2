import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { reference, run } from './reference.ts';
import { writeIfChanged } from './write-if-changed.ts';

/**
 * Compiles traits with the real macro and returns their hashes by name, as the compiled program prints them.
 *
 * Throws with the words of the compiler when the traits do not compile: what they are made of did compile before.
 */
export function compileInterfaces(names: readonly string[], traits: readonly string[]): ReadonlyMap<string, string> {
  const { folder, environment } = reference.workspace;
  writeIfChanged(join(folder, 'hashes/src/interfaces.rs'), sourceFile(names, traits));
  const cargo = spawnSync('cargo', ['build', '--quiet', '--package', 'interop-hashes'], {
    cwd: folder,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  if (cargo.status !== 0) throw new Error(`The interfaces do not compile:\n${cargo.stderr}`);

  const { stdout } = run(join(environment['CARGO_TARGET_DIR'] ?? '', 'debug', 'interop-hashes'), []);
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

function sourceFile(names: readonly string[], traits: readonly string[]): string {
  return [
    '// Written by the test suite.',
    '#![allow(warnings)]',
    'use crate::types::*;',
    'use fidius::plugin_interface;',
    '',
    ...traits,
    "pub fn hashes() -> Vec<(&'static str, u64)> {",
    '    vec![',
    ...names.map((name) => `        ("${name}", __fidius_${name}::${name}_INTERFACE_HASH),`),
    '    ]',
    '}',
    '',
  ].join('\n');
}
