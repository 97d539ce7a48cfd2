import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineInterface, method, PluginHost, t } from '../../src/index.ts';
import { generatePythonStub, SecretKey, signPackage } from '../../src/packaging.ts';
import { formatHash } from '../support/format-hash.ts';
import { manifestText, writePackage } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { Everyday, writeEveryday } from './everyday-plugin.ts';
import { reference } from './reference.ts';
import { askRustHost, type RustCall } from './rust-host.ts';
import { rustSign } from './rust-signing.ts';
import { askThisHost } from './this-host.ts';

const key = SecretKey.generate();
const trustedKeys = [key.publicKey];
const pen = { name: 'Füller 🖋', count: 3, price: 12.25, tags: ['ink', ''] };

const calls: readonly RustCall[] = [
  ['greet', ['Zoë 🐍']],
  ['add', [-(2 ** 40), 2 ** 52]],
  ['total', [[pen, { ...pen, count: 0 }]]],
  ['restock', [pen, 39]],
  ['count_words', ['a b a\nä']],
  ['is_even', [7]],
  ['nothing', []],
  ['vendored', []],
  ['postpone', ['2024-02-28', 2]],
  ['with_tax', ['12.50']],
  ['next_id', ['6ba7b810-9dad-11d1-80b4-00c04fd430ff']],
  [
    'sums',
    [
      [
        [1, 0.5],
        [2, 3],
      ],
    ],
  ],
];

describe.skipIf(reference.host === undefined)('a host in Rust', () => {
  it('loads a package that was signed here, and gets the answers that this host gets', async () => {
    const searchPath = tempFolder();
    await signPackage(writeEveryday(searchPath), { key });

    const theirs = askRustHost({ searchPath, package: 'everyday', interface: Everyday, trustedKeys, calls });

    expect(theirs).toEqual({ results: (await askThisHost(searchPath, calls)).map((value) => ({ value })) });
  });

  it('exchanges raw bytes with it', async () => {
    const searchPath = tempFolder();
    writeEveryday(searchPath);
    const bytes = Buffer.from([...Array(256).keys()]);

    const theirs = askRustHost({ searchPath, package: 'everyday', interface: Everyday, calls: [['reverse', bytes]] });

    expect(theirs).toEqual({ results: [{ raw: Buffer.from(bytes.toReversed()).toString('hex') }] });
  });

  it('refuses what was changed after it was signed', async () => {
    const searchPath = tempFolder();
    const dir = writeEveryday(searchPath);
    await signPackage(dir, { key });

    appendFileSync(join(dir, 'everyday.py'), '\n');

    expect(askRustHost({ searchPath, package: 'everyday', interface: Everyday, trustedKeys })).toEqual({
      error: expect.stringContaining('signature'),
    });
  });

  it('refuses the hash that this host refuses', async () => {
    const searchPath = tempFolder();
    writeEveryday(searchPath);
    const Other = defineInterface('Everyday', { version: 1, methods: { greet: method({ name: t.str }, t.string) } });

    const theirs = askRustHost({ searchPath, package: 'everyday', interface: Other });

    expect(theirs).toEqual({ error: expect.stringContaining(formatHash(Everyday.hash)) });
    await expect(loadHere(searchPath, 'everyday', Other)).rejects.toMatchObject({
      code: 'FIDIUS_INTERFACE_HASH_MISMATCH',
    });
  });

  it('loads a stub of ours as it was generated, with the SDK vendored', () => {
    const searchPath = tempFolder();
    const files = { 'stub.py': generatePythonStub(Everyday) };
    const dir = writePackage({
      folder: join(searchPath, 'stub'),
      manifest: manifestText('stub', 'stub', Everyday),
      files,
    });
    cpSync('python/fidius', join(dir, 'vendor/fidius'), { recursive: true });

    const theirs = askRustHost({ searchPath, package: 'stub', interface: Everyday, calls: [['add', [1, 2]]] });

    expect(theirs).toMatchObject({
      results: [{ raised: ['NotImplementedError', expect.any(String), expect.anything()] }],
    });
  });
});

describe.skipIf(reference.cli === undefined)('this host', () => {
  it('runs a package that was signed in Rust', async () => {
    const searchPath = tempFolder();
    await rustSign(writeEveryday(searchPath), key);

    expect(await askThisHost(searchPath, [['greet', ['Zoë']]])).toEqual(['groß Zoë']);
  });
});

async function loadHere(searchPath: string, name: string, definition: typeof Everyday | object): Promise<void> {
  await using host = await PluginHost.open({ searchPaths: [searchPath] });
  await host.load(name, definition as typeof Everyday);
}
