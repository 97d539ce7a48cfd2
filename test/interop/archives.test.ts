import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  digestPackage,
  packPackage,
  SecretKey,
  signPackage,
  unpackPackage,
  verifyPackage,
} from '../../src/packaging.ts';
import { fill, packageOf } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { Everyday, writeEveryday } from './everyday-plugin.ts';
import { reference, rustFidius, rustFidiusOk } from './reference.ts';
import { askRustHost } from './rust-host.ts';
import { rustSign, rustVerify } from './rust-signing.ts';
import { askThisHost } from './this-host.ts';

const key = SecretKey.generate();
const trustedKeys = [key.publicKey];

describe.skipIf(reference.cli === undefined)('an archive', () => {
  it('that Rust signed and packed is unpacked, verified and run here', async () => {
    const dir = writeEveryday(tempFolder());
    const searchPath = tempFolder();

    await rustSign(dir, key);
    const unpacked = await unpackPackage(rustPack(dir), searchPath);

    expect(unpacked).toMatchObject({ dir: join(searchPath, 'everyday-1.0.0'), isSigned: true });
    const { digest } = await verifyPackage(unpacked.dir, { trustedKeys });
    expect(digest).toEqual(await digestPackage(dir));
    expect(await askThisHost(searchPath, [['vendored', []]])).toEqual(['interop_dep of the package']);
  });

  it('that was signed and packed here is unpacked and verified by Rust', async () => {
    const dest = tempFolder();

    const { archive, digest } = await ourPack(writeEveryday(tempFolder()), { key });
    const unpacked = rustUnpack(archive, dest);

    expect(unpacked).toBe(join(dest, 'everyday-1.0.0'));
    expect(rustVerify(unpacked, key.publicKey)).toMatchObject({ exitCode: 0 });
    expect(await digestPackage(unpacked)).toEqual(digest);
  });

  it.skipIf(reference.host === undefined)('that was signed and packed here runs in a host in Rust', async () => {
    const searchPath = tempFolder();

    const { archive } = await ourPack(writeEveryday(tempFolder()), { key });
    rustUnpack(archive, searchPath);

    const calls = [['vendored', []]] as const;
    const answer = askRustHost({ searchPath, package: 'everyday', interface: Everyday, trustedKeys, calls });
    expect(answer).toEqual({ results: [{ value: 'interop_dep of the package' }] });
  });

  it('keeps the signature of the other side when it is packed again', async () => {
    const theirs = writeEveryday(tempFolder());
    const ours = writeEveryday(tempFolder());
    await rustSign(theirs, key);
    await signPackage(ours, { key });

    const { archive, signature } = await ourPack(theirs, { trustedKeys });

    expect(signature).toBe('kept');
    expect(rustVerify(rustUnpack(archive, tempFolder()), key.publicKey).exitCode).toBe(0);
    await verifyPackage((await unpackPackage(rustPack(ours), tempFolder())).dir, { trustedKeys });
  });

  it('without a signature is one for both', async () => {
    const dir = packageOf({ 'demo.py': noise(2000) });

    expect(rustFidius('package', 'pack', dir, '--output', join(tempFolder(), 'a.fid')).stderr).toContain('unsigned');
    expect((await unpackPackage(rustPack(dir), tempFolder())).isSigned).toBe(false);
    expect((await ourPack(dir)).signature).toBe('none');
  });

  it.each<[string, (dir: string) => void]>([
    ['long paths', (dir) => fill(dir, longPaths())],
    [
      'names of every script',
      (dir) => fill(dir, { 'größe.txt': '1', '日本/🐍.py': '2', 'e\u0301': '3', ' a b': '4', 'a+b': '5', '.x': '6' }),
    ],
    ['files of many sizes', (dir) => fill(dir, Object.fromEntries(sizes.map((size) => [`${size}`, noise(size)])))],
    [
      'more than one block of bzip2',
      (dir) => fill(dir, { 'data.bin': noise(3_000_000), 'more/data.bin': noise(1_000_000) }),
    ],
    ['runs that bzip2 counts', (dir) => fill(dir, { runs: Buffer.concat(runs()), noise: noise(600_000) })],
    ['a file with a hole', (dir) => addHole(dir)],
    ['a program', (dir) => addProgram(dir)],
    ['links', (dir) => addLinks(dir)],
    [
      'what the digest leaves out',
      (dir) => fill(dir, { 'target/a': '1', 'b/.git/c': '2', 'b/d.sig': '3', 'e/target': '4' }),
    ],
  ])('with %s unpacks to the same files, whoever packed and unpacked it', async (_what, add) => {
    const dir = packageOf({ 'noise.bin': noise(20_000) });
    add(dir);

    const theirs = rustPack(dir);
    const { archive: ours } = await ourPack(dir);

    const reading = filesIn(rustUnpack(theirs, tempFolder()));
    expect(filesIn((await unpackPackage(theirs, tempFolder())).dir)).toEqual(reading);
    expect(filesIn(rustUnpack(ours, tempFolder()))).toEqual(reading);
    expect(filesIn((await unpackPackage(ours, tempFolder())).dir)).toEqual(reading);
  });
});

async function ourPack(dir: string, options: Parameters<typeof packPackage>[1] = {}) {
  return packPackage(dir, { ...options, output: join(tempFolder(), 'ours.fid') });
}

function rustPack(dir: string): string {
  const archive = join(tempFolder(), 'theirs.fid');
  rustFidiusOk('package', 'pack', dir, '--output', archive);
  return archive;
}

/** The folder that the Rust tool says it unpacked to. */
function rustUnpack(archive: string, dest: string): string {
  return rustFidiusOk('package', 'unpack', archive, '--dest', dest).replace(/^Unpacked: |\n$/g, '');
}

/** Every file below a folder: its mode and its content. */
function filesIn(dir: string): Readonly<Record<string, string>> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true, encoding: 'utf8' }).filter(
    (entry) => !entry.isDirectory(),
  );
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => {
        const { mode } = statSync(path);
        return [path.slice(dir.length + 1), `${(mode & 0o777).toString(8)} ${readFileSync(path).toString('base64')}`];
      }),
  );
}

/** Bytes that no compressor makes smaller: both sides refuse what unpacks to more than ten times its size. */
function noise(bytes: number): Buffer {
  return randomBytes(bytes);
}

const sizes = [0, 1, 511, 512, 513, 10_239, 10_240, 10_241];

/** Paths around the lengths at which tar needs other means: a name of 100 bytes, a prefix of 155, and beyond. */
function longPaths(): Record<string, string> {
  const lengths = [80, 84, 85, 86, 99, 100, 101, 150, 240, 255, 256, 257, 500, 900];
  return Object.fromEntries(
    lengths.map((length) => [`${'folder-of-it/'.repeat(80).slice(0, length - 6)}${'/end.x'.slice(-6)}`, `${length}`]),
  );
}

/** Runs of one byte, of every length around those that the first step of bzip2 treats in its own way. */
function runs(): Buffer[] {
  return [1, 3, 4, 5, 254, 255, 256, 258, 259, 260, 263, 9000].flatMap((length, index) => [
    Buffer.alloc(length, index),
    noise(3),
  ]);
}

function addHole(dir: string): void {
  const file = join(dir, 'hole');
  writeFileSync(file, noise(5000));
  // Within what may unpack: a hole compresses too well.
  truncateSync(file, 150_000);
}

function addProgram(dir: string): void {
  writeFileSync(join(dir, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(dir, 'run.sh'), 0o755);
}

function addLinks(dir: string): void {
  fill(dir, { 'a/b.txt': '1' });
  symlinkSync('a/b.txt', join(dir, 'link.txt'));
  symlinkSync('a', join(dir, 'linked'));
}
