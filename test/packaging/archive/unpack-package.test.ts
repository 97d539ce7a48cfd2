import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type UnpackOptions, unpackPackage } from '../../../src/packaging.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { fill, pythonManifest } from '../../support/packages.ts';
import { findPythons } from '../../support/pythons.ts';
import { longName, paxEntry, tarEntry, tarOf, writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const manifest = tarEntry({ path: 'demo-1.0.0/package.toml', content: pythonManifest() });
const python = findPythons().find(({ executable }) => spawnSync(executable, ['-c', 'import bz2']).status === 0);

describe('unpackPackage', () => {
  it('gives the package, and says what it is', async () => {
    const dest = join(tempFolder(), 'not', 'there', 'yet');
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/demo.py', content: 'x = 1' }));

    const unpacked = await unpackPackage(archive, dest);

    expect(unpacked).toMatchObject({ dir: join(dest, 'demo-1.0.0'), isSigned: false, files: 2 });
    expect(unpacked.manifest).toMatchObject({ name: 'demo', runtime: 'python' });
    expect(unpacked.bytes).toBe(pythonManifest().length + 5);
    expect(contentsOf(dest)).toEqual({ 'demo-1.0.0/package.toml': pythonManifest(), 'demo-1.0.0/demo.py': 'x = 1' });
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
  });

  it('says whether the package carries a signature', async () => {
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/package.sig', content: 'x' }));

    expect((await unpackPackage(archive, tempFolder())).isSigned).toBe(true);
  });

  it('replaces an older version, and nothing of that stays', async () => {
    const dest = tempFolder();
    fill(dest, { 'demo-1.0.0/old/file': 'old', 'demo-1.0.0/package.toml': pythonManifest(), 'other-1.0.0/x': 'other' });

    await unpackPackage(await archiveOf(manifest), dest);

    expect(Object.keys(contentsOf(dest))).toEqual(['demo-1.0.0/package.toml', 'other-1.0.0/x']);
  });

  it('keeps of the modes only whether a file may be executed', async () => {
    const dest = tempFolder();
    const modes = { a: 0o4777, b: 0o600, c: 0o100 };
    const entries = Object.entries(modes).map(([name, mode]) => tarEntry({ path: `demo-1.0.0/${name}`, mode }));

    await unpackPackage(await archiveOf(manifest, ...entries), dest);

    const found = Object.keys(modes).map((name) => statSync(join(dest, 'demo-1.0.0', name)).mode & 0o7755);
    expect(found).toEqual([0o755, 0o644, 0o755]);
  });

  it('gives files the time of the unpacking, so that no byte-code of an older version fits them', async () => {
    const dest = tempFolder();
    // Compared with the times of files, not with other times of this test.
    const before = Date.now();

    await unpackPackage(await archiveOf(manifest), dest);

    expect(statSync(join(dest, 'demo-1.0.0', 'package.toml')).mtimeMs).toBeGreaterThan(before - 1000);
  });

  describe('reads', () => {
    const long = `demo-1.0.0/${'long/'.repeat(60)}name`;
    const sparse = tarEntry({
      path: 'demo-1.0.0/x',
      type: 'S',
      content: 'a'.repeat(512) + 'b'.repeat(100),
      magic: 'ustar  \0',
      patch: [
        [386, '00000001000\x0000000001000\0'],
        [410, '00000004000\x0000000000144\0'],
        [483, '00000005000\0'],
      ],
    });
    it.each([
      ['a header of 1979', tarEntry({ path: 'demo-1.0.0/x', content: 'y', magic: '' }), { x: 'y' }],
      ['a folder of 1979', tarEntry({ path: 'demo-1.0.0/x/', magic: '' }), {}],
      ['a header of GNU', tarEntry({ path: 'demo-1.0.0/x', content: 'y', magic: 'ustar  \0' }), { x: 'y' }],
      ['a prefix', tarEntry({ path: 'x', prefix: 'demo-1.0.0/sub', content: 'y' }), { 'sub/x': 'y' }],
      [
        'a long name',
        Buffer.concat([longName(long), tarEntry({ path: 'cut', content: 'y' })]),
        { [long.slice(11)]: 'y' },
      ],
      [
        'a long target of a link, though there is no link',
        Buffer.concat([tarEntry({ type: 'K', content: 'target' }), tarEntry({ path: 'demo-1.0.0/x', content: 'y' })]),
        { x: 'y' },
      ],
      [
        'a path and a size in a PAX header',
        Buffer.concat([
          paxEntry({ path: 'demo-1.0.0/é', size: '3', mtime: '1.5' }),
          tarEntry({ path: 'cut', content: 'abc', size: 0 }),
        ]),
        { é: 'abc' },
      ],
      [
        'a PAX header for all',
        Buffer.concat([paxEntry({ comment: 'x' }, 'g'), tarEntry({ path: 'demo-1.0.0/x' })]),
        { x: '' },
      ],
      ['a contiguous file', tarEntry({ path: 'demo-1.0.0/x', type: '7', content: 'y' }), { x: 'y' }],
      ['dots and doubled slashes', tarEntry({ path: './demo-1.0.0//./x', content: 'y' }), { x: 'y' }],
      ['the folder of the archive itself', tarEntry({ path: './', type: '5' }), {}],
      ['folders twice', Buffer.concat([1, 2].map(() => tarEntry({ path: 'demo-1.0.0/x/', type: '5' }))), {}],
      [
        'a size in GNU binary form',
        tarEntry({
          path: 'demo-1.0.0/x',
          content: 'y',
          patch: [[124, Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]],
        }),
        { x: 'y' },
      ],
      [
        'the holes of a sparse file',
        sparse,
        { x: '\0'.repeat(512) + 'a'.repeat(512) + '\0'.repeat(1024) + 'b'.repeat(100) + '\0'.repeat(412) },
      ],
    ])('%s', async (_what, entries, files) => {
      const dest = tempFolder();

      await unpackPackage(await archiveOf(manifest, entries), dest, { maxRatio: 0 });

      expect(contentsOf(join(dest, 'demo-1.0.0'))).toEqual({ 'package.toml': pythonManifest(), ...files });
    });

    it.each([
      ['one block of zeros at its end', Buffer.concat([manifest, Buffer.alloc(512)])],
      ['no end', manifest],
      ['an end filled up to 10 KiB', Buffer.concat([manifest, Buffer.alloc(10_240)])],
    ])('an archive with %s', async (_what, tar) => {
      const archive = join(tempFolder(), 'demo.fid');
      await writeArchiveFile(archive, tar);

      await expect(unpackPackage(archive, tempFolder())).resolves.toMatchObject({ files: 1 });
    });

    it.each(['USTAR_FORMAT', 'GNU_FORMAT', 'PAX_FORMAT'])('what Python packs (%s)', async (format) => {
      const dir = tempFolder();
      const files = { 'package.toml': pythonManifest(), 'a/b': 'b', [`${'l/'.repeat(40)}é`]: 'long', empty: '' };
      fill(join(dir, 'demo-1.0.0'), files);
      const code = `import tarfile, sys; tarfile.open(sys.argv[1], "w:bz2", format=tarfile.${format}).add(sys.argv[2], "demo-1.0.0")`;
      const packed = spawnSync(python?.executable ?? 'python3', [
        '-c',
        code,
        join(dir, 'x.fid'),
        join(dir, 'demo-1.0.0'),
      ]);
      expect(packed.stderr.toString()).toBe('');

      await unpackPackage(join(dir, 'x.fid'), join(dir, 'dest'), { maxRatio: 0 });

      expect(contentsOf(join(dir, 'dest', 'demo-1.0.0'))).toEqual(files);
    });
  });

  it('counts up to its limits, and not beyond', async () => {
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/x', content: 'x'.repeat(100) }));
    const bytes = pythonManifest().length + 100;
    const unpack = (options: UnpackOptions) => unpackPackage(archive, tempFolder(), options);

    await expect(unpack({ maxEntries: 2, maxBytes: bytes })).resolves.toBeDefined();
    expect(await failureOf(() => unpack({ maxEntries: 1 }))).toMatchObject({ code: 'FIDIUS_ARCHIVE_TOO_MANY_ENTRIES' });
    expect(await failureOf(() => unpack({ maxBytes: bytes - 1 }))).toMatchObject({ code: 'FIDIUS_ARCHIVE_TOO_LARGE' });
    const ratio = bytes / readFileSync(archive).length;
    await expect(unpack({ maxRatio: ratio * 1.001 })).resolves.toBeDefined();
    expect(await failureOf(() => unpack({ maxRatio: ratio * 0.999 }))).toMatchObject({
      code: 'FIDIUS_ARCHIVE_TOO_LARGE',
    });
  });

  it('tells how far it is', async () => {
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/x', content: incompressible(1_500_000) }));
    const positions: number[] = [];

    await unpackPackage(archive, tempFolder(), {
      onProgress: ({ position, archiveBytes }) => positions.push(position / archiveBytes),
    });

    expect(positions.length).toBeGreaterThan(4);
    expect(positions.toSorted((a, b) => a - b)).toEqual(positions);
    expect(positions.at(-1)).toBe(1);
  });

  it.each([
    ['before it begins', 0],
    ['in the middle', 3],
  ])('stops %s when it is told to, and leaves nothing', async (_when, calls) => {
    const dest = tempFolder();
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/x', content: incompressible(1_500_000) }));
    const controller = new AbortController();
    if (calls === 0) controller.abort(new Error('enough'));
    let left = calls;
    const onProgress = () => {
      left -= 1;
      if (left === 0) controller.abort(new Error('enough'));
    };

    const attempt = unpackPackage(archive, dest, { signal: controller.signal, onProgress });

    await expect(attempt).rejects.toThrow('enough');
    expect(readdirSync(dest)).toEqual([]);
  });

  it('passes on what the progress callback throws, and leaves nothing', async () => {
    const dest = tempFolder();

    const attempt = unpackPackage(await archiveOf(manifest), dest, {
      onProgress: () => {
        throw new Error('mine');
      },
    });

    await expect(attempt).rejects.toThrow('mine');
    expect(readdirSync(dest)).toEqual([]);
  });

  it.each([
    ['a missing archive', '/nowhere/x.fid', 'FIDIUS_ARCHIVE_UNREADABLE', 'ENOENT'],
    ['a folder', '/', 'FIDIUS_ARCHIVE_UNREADABLE', 'it is a folder'],
    ['a device', '/dev/null', 'FIDIUS_ARCHIVE_UNREADABLE', 'it is not a regular file'],
  ])('refuses %s', async (_what, archive, code, problem) => {
    const error = await failureOf(() => unpackPackage(archive, tempFolder()));

    expect(error.code).toBe(code);
    expect(error.message).toContain(problem);
  });

  it.each([
    ['a file as destination', 'file', 'ENOTDIR'],
    ['a destination below a file', 'file/x', 'ENOTDIR'],
    ['a file where the package must go', '.', 'ENOTDIR'],
  ])('cannot unpack into %s', async (_what, dest, problem) => {
    const dir = tempFolder();
    fill(dir, { file: '', 'demo-1.0.0': 'a file' });

    const error = await failureOf(async () => unpackPackage(await archiveOf(manifest), join(dir, dest)));

    expect(error.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(error.message).toMatch(new RegExp(`${problem}|EEXIST`));
    expect(readdirSync(dir).sort()).toEqual(['demo-1.0.0', 'file']);
  });

  it('refuses limits and options that mean nothing', async () => {
    const archive = await archiveOf(manifest);
    const unpack = (options: UnpackOptions) => failureOf(() => unpackPackage(archive, tempFolder(), options));

    expect(await unpack({ maxBytes: -1 })).toMatchObject({ code: 'FIDIUS_OPTION_INVALID' });
    const misspelt = { maxbytes: 1 } as UnpackOptions;
    expect(await unpack(misspelt)).toMatchObject({ code: 'FIDIUS_OPTION_UNKNOWN', hint: 'Write "maxBytes".' });
  });

  it('unpacks one archive twice at once, and one of them stays', async () => {
    const dest = tempFolder();
    const archive = await archiveOf(manifest, tarEntry({ path: 'demo-1.0.0/x', content: incompressible(200_000) }));

    await Promise.all(Array.from({ length: 8 }, () => unpackPackage(archive, dest)));

    expect(Object.keys(contentsOf(dest))).toEqual(['demo-1.0.0/package.toml', 'demo-1.0.0/x']);
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
  });

  it('takes a folder with spaces and other scripts', async () => {
    const dest = tempFolder('zu packen 包');

    const { dir } = await unpackPackage(await archiveOf(manifest), dest);

    expect(readdirSync(dir)).toEqual(['package.toml']);
  });
});

async function archiveOf(...entries: readonly Buffer[]): Promise<string> {
  const archive = join(tempFolder(), 'demo.fid');
  await writeArchiveFile(archive, tarOf(...entries));
  return archive;
}

function incompressible(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
