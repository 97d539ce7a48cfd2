import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPythons } from './pythons.ts';

/** A Python that has pip. */
export const pythonWithPip =
  findPythons().find(({ executable }) => spawnSync(executable, ['-m', 'pip', '--version']).status === 0)?.executable ??
  'python3';

/** Whether uv is on PATH, in a version that can report what it installs. */
export const hasUv =
  spawnSync('uv', ['pip', 'compile', '--help'], { encoding: 'utf8' }).stdout?.includes('pylock') === true;

export interface WheelContent {
  readonly name: string;
  readonly version: string;
  /** Default `py3-none-any`. */
  readonly tag?: string;
  readonly requiresPython?: string;
  /** Requirements of it, such as `other>=1`. */
  readonly requires?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Puts wheels into a folder, for an installer that must not fetch anything. */
export function makeWheels(dir: string, wheels: readonly WheelContent[]): void {
  mkdirSync(dir, { recursive: true });
  for (const wheel of wheels) {
    const { name, version, tag = 'py3-none-any', requiresPython = '>=3.8', requires = [], files = {} } = wheel;
    const needs = requires.map((requirement) => `Requires-Dist: ${requirement}\n`).join('');
    const info = `${name}-${version}.dist-info`;
    const all = {
      [`${name}.py`]: `__version__ = "${version}"\n`,
      ...files,
      [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nRequires-Python: ${requiresPython}\n${needs}\nText.\n`,
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

/**
 * The files of a distribution that has to be built, without any other distribution. Its build writes the file `ran`, then makes a
 * wheel of the module `built`.
 */
export function sourceTree(ran: string): Readonly<Record<string, string>> {
  const backend = [
    'import os, zipfile',
    `open(${JSON.stringify(ran)}, "w").close()`,
    'def build_wheel(folder, config_settings=None, metadata_directory=None):',
    '    name, info = "built-1.0-py3-none-any.whl", "built-1.0.dist-info/"',
    '    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:',
    '        wheel.writestr("built.py", "")',
    '        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: built\\nVersion: 1.0\\n\\n")',
    '        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")',
    '        wheel.writestr(info + "RECORD", "built.py,,\\n")',
    '    return name',
  ];
  return {
    'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    'backend.py': `${backend.join('\n')}\n`,
  };
}

/** Puts the source distribution of such a tree into a folder. */
export function makeSourceDistribution(dir: string, ran: string): void {
  mkdirSync(dir, { recursive: true });
  const files = { ...sourceTree(ran), 'PKG-INFO': 'Metadata-Version: 2.1\nName: built\nVersion: 1.0\n' };
  const code = [
    'import io, json, sys, tarfile',
    'with tarfile.open(sys.argv[1], "w:gz") as archive:',
    '    for name, text in json.load(sys.stdin).items():',
    '        entry = tarfile.TarInfo("built-1.0/" + name); entry.size = len(text.encode())',
    '        archive.addfile(entry, io.BytesIO(text.encode()))',
  ].join('\n');
  const { status, stderr } = spawnSync(pythonWithPip, ['-c', code, join(dir, 'built-1.0.tar.gz')], {
    input: JSON.stringify(files),
  });
  if (status !== 0) throw new Error(stderr.toString());
}
