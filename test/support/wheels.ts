import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPythons } from './pythons.ts';

/** A Python that has pip. */
export const pythonWithPip =
  findPythons().find(({ executable }) => spawnSync(executable, ['-m', 'pip', '--version']).status === 0)?.executable ??
  'python3';

export interface WheelContent {
  readonly name: string;
  readonly version: string;
  /** Default `py3-none-any`. */
  readonly tag?: string;
  readonly requiresPython?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Puts wheels into a folder, for an installer that must not fetch anything. */
export function makeWheels(dir: string, wheels: readonly WheelContent[]): void {
  mkdirSync(dir, { recursive: true });
  for (const { name, version, tag = 'py3-none-any', requiresPython = '>=3.8', files = {} } of wheels) {
    const info = `${name}-${version}.dist-info`;
    const all = {
      [`${name}.py`]: `__version__ = "${version}"\n`,
      ...files,
      [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nRequires-Python: ${requiresPython}\n\nText.\n`,
      [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    };
    const record = [...Object.keys(all).map((path) => `${path},,`), `${info}/RECORD,,`].join('\n');
    zip(join(dir, `${name}-${version}-${tag}.whl`), { ...all, [`${info}/RECORD`]: `${record}\n` });
  }
}

function zip(path: string, files: Readonly<Record<string, string>>): void {
  const code =
    'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n    for name, text in json.load(sys.stdin).items(): z.writestr(name, text)';
  const { status, stderr } = spawnSync(pythonWithPip, ['-c', code, path], { input: JSON.stringify(files) });
  if (status !== 0) throw new Error(stderr.toString());
}
