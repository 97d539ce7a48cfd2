import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFidiusError } from '../../src/errors/fidius-error.ts';
import { hasControls } from '../../src/errors/shown.ts';
import { parseManifest } from '../../src/packaging/manifest/manifest.ts';
import { decodeManifest } from '../../src/packaging/manifest/manifest-text.ts';
import { ArchiveIndex } from '../../src/packaging/store/archive-index.ts';
import { HighestVersions } from '../../src/packaging/store/highest-versions.ts';
import { requireVendoredFor } from '../../src/packaging/vendor/check-vendored.ts';
import { readDistributions } from '../../src/packaging/vendor/distributions.ts';
import { readRequirements } from '../../src/packaging/vendor/requirements.ts';
import { findVendorConflicts } from '../../src/packaging/vendor/vendor-conflicts.ts';
import { pythonManifest } from './samples.ts';
import type { FuzzTarget } from './target.ts';

const tomlWords = [
  '[',
  ']',
  '[[',
  '"""',
  "'''",
  '=',
  '{',
  '}',
  '.',
  '\\u',
  '\n',
  '#',
  'true',
  '1979-05-27T07:32:00Z',
  'inf',
];
const python = { version: '3.11.7', implementation: 'cpython', machine: 'x86_64', freeThreaded: false };
const system = { platform: 'linux', glibc: '2.36' } as const;
const vendored =
  'Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.0\nRequires-Python: >=3.9\nTag: cp311-cp311-linux_x86_64\n\ntext\n';
const record = {
  format: 1,
  installer: 'pip',
  python: { version: '3.12.1', implementation: 'cpython', machine: 'x86_64' },
  platform: 'linux',
  distributions: [],
};
const key = 'a'.repeat(64);
const memory = { name: `demo-1.0.0-${key}`, digest: key, signature: null, excluded: ['x.sig'] };

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'manifest',
    samples: () => [
      Buffer.from(pythonManifest),
      Buffer.from(
        `[package]\nname = "w"\nversion = "1.0.0"\ninterface = "G"\ninterface_version = 1\nruntime = "wasm"\n\n[metadata]\na.b = [1, {c = 1.5}]\n"d e" = 2020-01-01\n\n[wasm]\ncomponent = "a.wasm"\ncapabilities = ["fs"]\n`,
      ),
    ],
    words: tomlWords,
    read: (input) => parseManifest(decodeManifest('x', input), 'x'),
  },
  {
    name: 'requirements',
    samples: () => [
      Buffer.from(
        'numpy>=1.26; python_version < "3.11"\n-e .\nx @ https://example.org/x.whl # c\na[b]==1 \\\n --hash=sha256:00\n',
      ),
    ],
    words: ['\\\n', '-e ', ' @ ', ';', '[', '#', '\r', '\ufeff', ' --hash'],
    read: (input, folder) => {
      const path = join(folder, 'requirements.txt');
      writeFileSync(path, input);
      readRequirements(path);
    },
  },
  {
    name: 'metadata',
    samples: () => [Buffer.from(vendored), Buffer.from(JSON.stringify(record))],
    words: [
      'Name: ',
      'Version: ',
      'Tag: ',
      'Requires-Python: ',
      '>=',
      '~=',
      '!=',
      ',',
      '\r\n',
      '*',
      'null',
      '{}',
      'manylinux_2_17_x86_64',
    ],
    read: (input, folder) => {
      const dir = join(folder, 'vendor/x-1.dist-info');
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'METADATA'), input);
      writeFileSync(join(dir, 'WHEEL'), input);
      // Also for a Python that nothing fits, so that the record is read for the message.
      writeFileSync(join(folder, 'vendor/fidius-vendor.json'), input[0] === 0x7b ? input : JSON.stringify(record));
      const [first] = readDistributions(join(folder, 'vendor'));
      if (first !== undefined) {
        findVendorConflicts([0, 1].map((index) => ({ name: `p${index}`, dir: folder, distributions: [first] })));
      }
      if (input[0] === 0x7b) writeFileSync(join(dir, 'METADATA'), 'Name: x\nVersion: 1\nRequires-Python: <3\n');
      try {
        requireVendoredFor(folder, python, system);
      } catch (error) {
        // An answer, not a refusal.
        if (!(isFidiusError(error) && error.code === 'FIDIUS_VENDOR_MISMATCH')) throw error;
        if (hasControls(error.message)) throw new Error(`control characters in ${JSON.stringify(error.message)}`);
      }
    },
  },
  {
    name: 'records of the store',
    samples: () => [Buffer.from(JSON.stringify(memory)), Buffer.from('{"demo":"1.0.0"}')],
    words: ['null', '{', '[', '"name":', '"digest":', '"excluded":', '__proto__', '../', key],
    read: (input, folder) => {
      writeFileSync(join(folder, `${key}.json`), input);
      writeFileSync(join(folder, 'versions.json'), input);
      const found = new ArchiveIndex(folder).find(key);
      if (found !== undefined && (/[/\\]/.test(found.name) || found.name.startsWith('.'))) {
        throw new Error(`the name ${found.name} was let through`);
      }
      new HighestVersions(folder).get('demo');
    },
  },
];
