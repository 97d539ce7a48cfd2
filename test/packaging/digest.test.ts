import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestPackage } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { packageVectors, writeVector } from '../support/package-vectors.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('digestPackage', () => {
  it.each(packageVectors.digests)('is the one of the Rust tool for $id', async (vector) => {
    const dir = tempFolder();
    writeVector(vector, dir);

    expect((await digestPackage(dir)).toString('hex')).toBe(vector.sha256);
  });

  it('covers every byte and path, and nothing else', async () => {
    const dir = packageOf({ 'a.py': '1', 'b/c.py': '2' });
    const before = await digestOf(dir);

    linkSync(join(dir, 'a.py'), join(dir, 'x.sig'));
    mkdirSync(join(dir, 'empty'));
    expect(await digestOf(dir)).toBe(before);

    renameSync(join(dir, 'a.py'), join(dir, 'A.py'));
    const renamed = await digestOf(dir);
    writeFileSync(join(dir, 'A.py'), '3');
    const changed = await digestOf(dir);
    writeFileSync(join(dir, '.hidden'), '');
    expect(new Set([before, renamed, changed, await digestOf(dir)]).size).toBe(4);
  });

  it('leaves out target and .git folders at any depth, also behind links, but not files of these names', async () => {
    const dir = packageOf({ 'b/a.py': '1' });
    const before = await digestOf(dir);

    fill(dir, { 'target/x': '1', 'b/.git/x': '1', 'b/target/c/x': '1' });
    symlinkSync('/', join(dir, 'b', 'c.sig'));
    symlinkSync('/', join(dir, '.git'));
    expect(await failureOf(() => digestPackage(dir))).toMatchObject({ code: 'FIDIUS_PACKAGE_LINK_ESCAPES' });
    execFileSync('rm', [join(dir, 'b', 'c.sig')]);
    expect(await digestOf(dir)).toBe(before);

    fill(dir, { 'c/target': '1' });
    expect(await digestOf(dir)).not.toBe(before);
  });

  it('reads files of every size around a piece exactly', async () => {
    const sizes = [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * 1024 * 1024];
    const dir = packageOf(
      Object.fromEntries(sizes.map((size) => [`${String(size).padStart(8, '0')}`, 'x'.repeat(size)])),
    );

    expect(await digestOf(dir)).toBe(
      expectedDigest(sizes.map((size) => [String(size).padStart(8, '0'), 'x'.repeat(size)])),
    );
  });

  it('follows links that stay in the package, as if they were what they lead to', async () => {
    const plain = packageOf({ 'a.py': '1', 'b.py': '1', 'c/d.py': '2', 'e/d.py': '2' });
    const linked = packageOf({ 'a.py': '1', 'c/d.py': '2' });
    symlinkSync('a.py', join(linked, 'b.py'));
    symlinkSync(join(linked, 'c'), join(linked, 'e'));

    expect(await digestOf(linked)).toBe(await digestOf(plain));
  });

  it('is the same through a link to the package', async () => {
    const dir = packageOf({ 'a.py': '1' });
    symlinkSync('a.py', join(dir, 'b.py'));
    const link = join(tempFolder(), 'link');
    symlinkSync(dir, link);

    expect(await digestOf(link)).toBe(await digestOf(dir));
  });

  describe('names what no package can hold', () => {
    it.each([
      ['a link to the root', '/', 'a', 'FIDIUS_PACKAGE_LINK_ESCAPES', 'points to /, outside the package'],
      [
        'a link to a neighbour with the same prefix',
        '../NEIGHBOUR',
        'a',
        'FIDIUS_PACKAGE_LINK_ESCAPES',
        'outside the package',
      ],
      ['a link to nothing', 'none', 'a', 'FIDIUS_PACKAGE_LINK_BROKEN', 'points to a missing file'],
      ['a link through a file', 'package.toml/x', 'a', 'FIDIUS_PACKAGE_LINK_BROKEN', 'points to a missing file'],
      ['a link to itself', 'a', 'a', 'FIDIUS_PACKAGE_LINK_CYCLE', 'points to itself'],
      ['a link to its folder', '.', 'b/a', 'FIDIUS_PACKAGE_LINK_CYCLE', 'which contains it'],
      ['a link to the package', '..', 'b/a', 'FIDIUS_PACKAGE_LINK_CYCLE', 'which contains it'],
      ['a link called target to nothing', 'none', 'target', 'FIDIUS_PACKAGE_LINK_BROKEN', 'points to a missing file'],
    ])('%s', async (_what, target, path, code, message) => {
      const parent = tempFolder();
      const dir = join(parent, 'package');
      fill(dir, { 'package.toml': '', 'b/c': '' });
      fill(join(parent, 'package-2'), { x: '' });
      symlinkSync(target.replace('NEIGHBOUR', 'package-2'), join(dir, path));

      const error = await failureOf(() => digestPackage(dir));

      expect(error.code).toBe(code);
      expect(error.message).toContain(`the link ${join(dir, path)} ${message.startsWith('points') ? message : ''}`);
      expect(error.message).toContain(message);
    });

    it('two folders that lead into each other', async () => {
      const dir = packageOf({ 'a/x': '', 'b/y': '' });
      symlinkSync('../b', join(dir, 'a', 'b'));
      symlinkSync('../a', join(dir, 'b', 'a'));

      expect(await failureOf(() => digestPackage(dir))).toMatchObject({ code: 'FIDIUS_PACKAGE_LINK_CYCLE' });
    });

    it('links that multiply', async () => {
      const dir = packageOf({ 'f00/x': '' });
      for (let depth = 1; depth <= 20; depth += 1) {
        const folder = join(dir, `f${String(depth).padStart(2, '0')}`);
        mkdirSync(folder);
        for (const name of ['a', 'b']) symlinkSync(`../f${String(depth - 1).padStart(2, '0')}`, join(folder, name));
      }

      expect(await failureOf(() => digestPackage(dir))).toMatchObject({ code: 'FIDIUS_PACKAGE_TOO_LARGE' });
    });

    it('a socket', async () => {
      const dir = packageOf({});
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));

      const error = await failureOf(() => digestPackage(dir));
      server.close();

      expect(error.code).toBe('FIDIUS_PACKAGE_FILE_TYPE');
      expect(error.message).toBe(`Cannot read package: ${join(dir, 's')} is a socket, not a file or folder`);
    });

    it('a named pipe, without waiting for its writer', async () => {
      const dir = packageOf({});
      execFileSync('mkfifo', [join(dir, 'p')]);

      expect((await failureOf(() => digestPackage(dir))).message).toContain('is a named pipe');
    });

    it.each([
      ['bytes that are not UTF-8', Buffer.from([0x61, 0xff]), 'is not UTF-8'],
      ['a backslash', Buffer.from('a\\b'), 'contains a backslash'],
    ])('a name with %s', async (_what, name, message) => {
      const dir = packageOf({});
      writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), name]), '');

      const error = await failureOf(() => digestPackage(dir));

      expect(error.code).toBe('FIDIUS_PACKAGE_FILE_NAME');
      expect(error.message).toContain(message);
    });

    it('a folder that does not exist', async () => {
      const error = await failureOf(() => digestPackage('/nowhere/at/all'));

      expect(error.code).toBe('FIDIUS_PACKAGE_UNREADABLE');
      expect(error.message).toContain('Cannot read /nowhere/at/all: ENOENT');
    });
  });

  it('takes 100,000 files without keeping their contents, and lets other work through', async () => {
    const dir = tempFolder();
    for (let folder = 0; folder < 100; folder += 1) {
      mkdirSync(join(dir, `${folder}`));
      writeFileSync(join(dir, `${folder}`, '0'), 'x'.repeat(10_000));
      for (let file = 1; file < 1000; file += 1)
        linkSync(join(dir, `${folder}`, '0'), join(dir, `${folder}`, `${file}`));
    }
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const before = process.memoryUsage().rss;

    await digestPackage(dir);

    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
    // The contents are 1,000 MB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200);
  }, 120_000);

  it('stops when it is told to', async () => {
    const dir = packageOf({ a: '1' });

    const attempt = digestPackage(dir, { signal: AbortSignal.abort(new Error('enough')) });

    await expect(attempt).rejects.toThrow('enough');
  });

  it('is the sum of any tree of files in byte order of the paths', async () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((text) => {
      return (
        !/[/\\\0]/.test(text) &&
        text.isWellFormed() &&
        !['.', '..', 'target', '.git'].includes(text) &&
        !text.endsWith('.sig')
      );
    });
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(path, fc.string(), { noNullPrototype: true }), async (wanted) => {
        const files = withoutFoldersInTheWay(wanted);
        const dir = packageOf(files);

        expect(await digestOf(dir)).toBe(expectedDigest(Object.entries(files)));
      }),
      { numRuns: 60 },
    );
  });
});

function packageOf(files: Readonly<Record<string, string>>): string {
  const dir = tempFolder();
  fill(dir, files);
  return dir;
}

function fill(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
}

async function digestOf(dir: string): Promise<string> {
  return (await digestPackage(dir)).toString('hex');
}

/** The rule of the format, written down a second time. */
function expectedDigest(files: readonly (readonly [path: string, content: string])[]): string {
  const hash = createHash('sha256');
  for (const [path, content] of files.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    for (const text of [path, content]) {
      const length = Buffer.alloc(8);
      length.writeUInt32LE(Buffer.byteLength(text));
      hash.update(length).update(text);
    }
  }
  return hash.digest('hex');
}

function withoutFoldersInTheWay(files: Readonly<Record<string, string>>): Record<string, string> {
  const paths = Object.keys(files);
  return Object.fromEntries(
    Object.entries(files).filter(([path]) => !paths.some((other) => other.startsWith(`${path}/`))),
  );
}
