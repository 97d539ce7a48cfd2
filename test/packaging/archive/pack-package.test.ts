import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  digestPackage,
  type PackOptions,
  packPackage,
  SecretKey,
  signPackage,
  unpackPackage,
  verifyPackage,
} from '../../../src/packaging.ts';
import { impossibleNames, indistinguishableNames } from '../../fixtures/archives/hostile-archives.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { fill, folderOf, packageOf, pythonManifest } from '../../support/packages.ts';
import { findPythons } from '../../support/pythons.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const python = findPythons().find(({ executable }) => spawnSync(executable, ['-c', 'import bz2']).status === 0);

describe('packPackage', () => {
  it('makes an archive that unpacks to the same package', async () => {
    const dir = packageOf({ 'demo.py': 'x = 1', 'a/b/c.txt': '', '.hidden': 'h', 'é/文': 'u' });

    const packed = await packTo(dir);
    const unpacked = await unpackPackage(packed.archive, tempFolder());

    expect(contentsOf(unpacked.dir)).toEqual(contentsOf(dir));
    expect(packed).toMatchObject({ signature: 'none', files: 5, uncoveredFiles: [], vendored: { status: 'nothing' } });
    expect(packed.digest).toEqual(await digestPackage(dir));
    expect(packed.archiveBytes).toBe(readFileSync(packed.archive).length);
  });

  it('vendors nothing when it is told not to, and for what is not Python', async () => {
    const rust = pythonManifest()
      .replace('"python"', '"rust"')
      .replace(/\[python\][^]*/, '');
    const packages = [packageOf({ 'demo.py': '' }), folderOf({ 'package.toml': rust, 'requirements.txt': 'x==1' })];

    const packed = [
      await packPackage(packages[0] ?? '', { output: join(tempFolder(), 'demo.fid'), vendor: false }),
      await packPackage(packages[1] ?? '', { output: join(tempFolder(), 'demo.fid') }),
    ];

    expect(packed.map(({ vendored }) => vendored)).toEqual([undefined, undefined]);
  });

  it('writes what the Rust tool and every tar program read: sorted files in GNU form, in one stream', async () => {
    const long = `${'folder/'.repeat(20)}file`;
    const dir = packageOf({ 'b.py': 'b', 'a-b/c': '', 'a/b': '', [long]: 'deep', tool: '#!' });
    chmodSync(join(dir, 'tool'), 0o700);

    const { archive } = await packTo(dir);

    const listing = runPython(
      `import tarfile, bz2
t = tarfile.open(archive)
for m in t: print(m.name[-20:], oct(m.mode), m.uid, m.gid, m.mtime, m.type.decode(), m.size)
print(bz2.BZ2Decompressor().decompress(open(archive, "rb").read())[257:265])`,
      archive,
    );
    expect(listing).toMatchInlineSnapshot(`
      "demo-1.0.0/a-b/c 0o644 0 0 315532800 0 0
      demo-1.0.0/a/b 0o644 0 0 315532800 0 0
      demo-1.0.0/b.py 0o644 0 0 315532800 0 1
      r/folder/folder/file 0o644 0 0 315532800 0 4
      o-1.0.0/package.toml 0o644 0 0 315532800 0 149
      demo-1.0.0/tool 0o755 0 0 315532800 0 2
      b'ustar  \\x00'
      "
    `);
  });

  it('gives the same bytes for the same files, whenever and wherever they lie', async () => {
    const [one, two] = [packageOf({ 'a.py': '1' }), packageOf({ 'a.py': '1' })];
    utimesSync(join(two, 'a.py'), 1, 1);
    chmodSync(join(two, 'a.py'), 0o600);
    mkdirSync(join(two, 'empty'));

    const archives = [await packTo(one), await packTo(two)].map(({ archive }) => readFileSync(archive));

    expect(archives[0]?.equals(archives[1] ?? Buffer.alloc(0))).toBe(true);
  });

  it('leaves out target and .git, and names the files that no signature covers', async () => {
    const dir = packageOf({ 'target/x': '', 'a/.git/x': '', 'a/b.sig': 'sig', 'c.py': '' });

    const packed = await packTo(dir);

    expect(packed.uncoveredFiles).toEqual(['a/b.sig']);
    const { dir: unpacked } = await unpackPackage(packed.archive, tempFolder());
    expect(Object.keys(contentsOf(unpacked))).toEqual(['a/b.sig', 'c.py', 'package.toml']);
  });

  it('packs what links in the package lead to', async () => {
    const dir = packageOf({ 'a.py': '1' });
    symlinkSync('a.py', join(dir, 'b.py'));

    const { dir: unpacked } = await unpackPackage((await packTo(dir)).archive, tempFolder());

    expect(contentsOf(unpacked)).toMatchObject({ 'a.py': '1', 'b.py': '1' });
  });

  it('names the archive after the package, in the folder it is called from', async () => {
    const dir = packageOf({ 'package.toml': pythonManifest('demo', '1.0.0', 'extension = "weir"\n') });
    const cwd = tempFolder();
    const before = process.cwd();
    process.chdir(cwd);

    const { archive } = await packPackage(dir).finally(() => process.chdir(before));

    expect(archive).toBe(join(cwd, 'demo-1.0.0.weir'));
    expect(readdirSync(cwd)).toEqual(['demo-1.0.0.weir']);
  });

  it.each([
    ['name', '../x'],
    ['name', ''],
    ['name', '.hidden'],
    ['name', 'a/b'],
    ['name', 'con:'],
    ['version', '1.0/..'],
    ['version', 'a\\b'],
    ['version', '1.'],
    ['extension', '../../x'],
  ])('refuses the %s %j, which would become part of a path', async (field, value) => {
    const values = { name: 'demo', version: '1.0.0', extension: 'fid', [field]: value };
    const extension = `extension = ${JSON.stringify(values.extension)}\n`;
    const text = pythonManifest('NAME', 'VERSION', extension).replace('"NAME"', JSON.stringify(values.name));
    const dir = packageOf({ 'package.toml': text.replace('"VERSION"', JSON.stringify(values.version)) });

    const error = await failureOf(() => packPackage(dir));

    expect(error.code).toBe('FIDIUS_PACKAGE_NAME');
    expect(error.message).toBe(`The ${field} of the package cannot be part of a file name: ${JSON.stringify(value)}`);
  });

  it.each([
    ['in the package', (dir: string) => join(dir, 'x.fid')],
    ['deeper in the package', (dir: string) => join(dir, 'sub', 'x.fid')],
    [
      'in the package by way of a link',
      (dir: string) => {
        symlinkSync(dir, join(dirname(dir), 'link'));
        return join(dirname(dir), 'link', 'x.fid');
      },
    ],
  ])('refuses to write the archive %s', async (_where, outputIn) => {
    const dir = join(tempFolder(), 'package');
    fill(dir, { 'package.toml': pythonManifest(), 'sub/x': '' });
    const output = outputIn(dir);

    const error = await failureOf(() => packPackage(dir, { output }));

    expect(error.code).toBe('FIDIUS_ARCHIVE_OUTPUT_INSIDE');
    expect(error.message).toBe(`Cannot pack ${dir} into itself: the archive would be ${output}`);
    expect(error.hint).toBe(`Write it elsewhere, for example to ${join(dirname(dir), 'x.fid')}.`);
    expect(existsSync(output)).toBe(false);
  });

  it('refuses to write where nothing can be written, and leaves an older archive alone', async () => {
    const dir = tempFolder();
    fill(dir, { 'old.fid': 'old' });
    mkdirSync(join(dir, 'folder.fid'));

    const nowhere = await failureOf(() => packPackage(packageOf(), { output: join(dir, 'none', 'x.fid') }));
    const folder = await failureOf(() => packPackage(packageOf(), { output: join(dir, 'folder.fid') }));
    const broken = await failureOf(() => packPackage(brokenPackage(), { output: join(dir, 'old.fid') }));

    expect(nowhere.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(folder.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(broken.code).toBe('FIDIUS_PACKAGE_LINK_BROKEN');
    expect(readFileSync(join(dir, 'old.fid'), 'utf8')).toBe('old');
    expect(readdirSync(dir).sort()).toEqual(['folder.fid', 'old.fid']);
  });

  it.each<[string, Record<string, string>, string, string]>([
    [
      'two files that differ in case',
      { 'a.py': '', 'A.py': '' },
      'FIDIUS_ARCHIVE_PATH_DUPLICATE',
      'treat it as equal to "A.py"',
    ],
    [
      'a path that is too long',
      { [`${'x'.repeat(200)}/`.repeat(6) + 'y']: '' },
      'FIDIUS_ARCHIVE_PATH_INVALID',
      'longer than 1024',
    ],
    ...impossibleNames.map(
      ([name, problem]) =>
        [`the name ${JSON.stringify(name)}`, { [name]: '' }, 'FIDIUS_ARCHIVE_PATH_INVALID', problem] as [
          string,
          Record<string, string>,
          string,
          string,
        ],
    ),
    ...indistinguishableNames.map(
      ([one, other]) =>
        [
          `the names ${JSON.stringify(one)} and ${JSON.stringify(other)}`,
          { [one]: '', [other]: '' },
          'FIDIUS_ARCHIVE_PATH_DUPLICATE',
          'some file systems treat it as equal to',
        ] as [string, Record<string, string>, string, string],
    ),
  ])('refuses %s, which nobody could unpack', async (_what, files, code, problem) => {
    const error = await failureOf(() => packTo(packageOf(files)));

    expect(error.code).toBe(code);
    expect(error.message).toContain(problem);
  });

  it.each([
    ['component', 'component = "demo.wasm"', {}, '"demo.wasm" that `[wasm].component`'],
    [
      'component, which is built but not packed',
      'component = "target/demo.wasm"',
      { 'target/demo.wasm': '' },
      '"target/demo.wasm" that',
    ],
    ['component, which lies elsewhere', 'component = "../demo.wasm"', {}, '"../demo.wasm" that'],
    ['component that is a folder', 'component = "demo.wasm"', { 'demo.wasm/a': '' }, '"demo.wasm" that'],
    [
      'precompiled component',
      'component = "demo.wasm"\nprecompiled = "demo.cwasm"',
      { 'demo.wasm': '' },
      '"demo.cwasm" that `[wasm].precompiled`',
    ],
  ])('refuses a WebAssembly package without its %s', async (_what, wasm, files, problem) => {
    const dir = folderOf({ 'package.toml': wasmManifest(wasm), ...files });

    const error = await failureOf(() => packTo(dir));

    expect(error.code).toBe('FIDIUS_PACKAGE_COMPONENT');
    expect(error.message).toContain(`Cannot pack ${dir}: the file ${problem}`);
  });

  it('packs a WebAssembly package with its component', async () => {
    const dir = folderOf({ 'package.toml': wasmManifest('component = "./lib/demo.wasm"'), 'lib/demo.wasm': '' });

    expect((await packTo(dir)).files).toBe(2);
  });

  it('says when those who unpack have to raise a limit', async () => {
    const packed = await packTo(packageOf({ 'a.txt': 'x'.repeat(100_000) }));

    expect(packed.warnings).toEqual([
      expect.stringMatching(/^The files are \d+\.\d times as large as the archive; unpacking allows 10 times/),
    ]);
    expect(await failureOf(() => unpackPackage(packed.archive, tempFolder()))).toMatchObject({
      code: 'FIDIUS_ARCHIVE_TOO_LARGE',
    });
  });

  describe('byte-code', () => {
    it('is refused, removed or kept', async () => {
      const dir = packageOf({ 'a/__pycache__/x.pyc': '' });

      expect(await failureOf(() => packTo(dir))).toMatchObject({ code: 'FIDIUS_PACKAGE_BYTE_CODE' });
      expect((await packTo(dir, { byteCode: 'keep' })).files).toBe(2);
      expect((await packTo(dir, { byteCode: 'remove' })).files).toBe(1);
    });
  });

  describe('the signature', () => {
    const trusted = { trustedKeys: [acme.publicKey] };

    it('is made over what is shipped when a key is given', async () => {
      const dir = packageOf();
      await signPackage(dir, { key: SecretKey.generate() });
      writeFileSync(join(dir, 'demo.py'), 'changed after signing');

      const packed = await packTo(dir, { key: acme });
      const unpacked = await unpackPackage(packed.archive, tempFolder());

      expect(packed.signature).toBe('made');
      expect(unpacked.isSigned).toBe(true);
      expect((await verifyPackage(unpacked.dir, trusted)).digest).toEqual(packed.digest);
      await expect(verifyPackage(dir, trusted)).resolves.toBeDefined();
    });

    it('is kept while it fits', async () => {
      const dir = packageOf();
      await signPackage(dir, { key: acme });

      const packed = await packTo(dir);

      expect(packed.signature).toBe('kept');
      const { dir: unpacked } = await unpackPackage(packed.archive, tempFolder());
      await expect(verifyPackage(unpacked, trusted)).resolves.toBeDefined();
    });

    it('is refused when it is stale, with what was changed', async () => {
      const dir = packageOf();
      await signPackage(dir, { key: acme });
      writeFileSync(join(dir, 'new.py'), '');

      const error = await failureOf(() => packTo(dir));

      expect(error.code).toBe('FIDIUS_SIGNATURE_STALE');
      expect(error.message).toBe(
        `Cannot pack ${dir}: its signature is out of date: new.py was added after the package was signed`,
      );
    });

    it('that another tool made can only be checked with its key', async () => {
      const dir = packageOf();
      await signPackage(dir, { key: acme });
      rmSync(join(dir, 'package.files.sig'));

      expect((await packTo(dir)).signature).toBe('keptUnchecked');
      expect((await packTo(dir, trusted)).signature).toBe('kept');
      const other = { trustedKeys: [SecretKey.generate().publicKey] };
      expect(await failureOf(() => packTo(dir, other))).toMatchObject({ code: 'FIDIUS_SIGNATURE_STALE' });
    });

    it('of the wrong length is stale', async () => {
      const dir = packageOf({ 'package.sig': 'short' });

      expect((await failureOf(() => packTo(dir))).message).toContain('package.sig does not have 64 bytes');
    });

    it('is not made over a package that changes meanwhile', async () => {
      const dir = packageOf({ 'a.py': '1', 'b.py': '2' });
      const onProgress = () => writeFileSync(join(dir, 'b.py'), '3');

      const error = await failureOf(() => packTo(dir, { key: acme, onProgress }));

      expect(error.code).toBe('FIDIUS_PACKAGE_CHANGED');
    });
  });

  it('tells how far it is, and stops when it is told to', async () => {
    const dir = packageOf({ 'a.py': '1', 'b.py': '22' });
    const seen: unknown[] = [];
    const controller = new AbortController();

    await packTo(dir, { onProgress: (progress) => seen.push(progress) });
    controller.abort(new Error('enough'));
    const attempt = packTo(dir, { signal: controller.signal });

    expect(seen.at(-1)).toEqual({ files: 3, totalFiles: 3, bytes: pythonManifest().length + 3 });
    await expect(attempt).rejects.toThrow('enough');
  });

  it('refuses options that it does not have', async () => {
    const attempt = () => packTo(packageOf(), { sign: acme } as PackOptions);

    expect(await failureOf(attempt)).toMatchObject({ code: 'FIDIUS_OPTION_UNKNOWN' });
  });
});

async function packTo(dir: string, options: PackOptions = {}) {
  return packPackage(dir, { output: join(tempFolder(), 'x.fid'), ...options });
}

function brokenPackage(): string {
  const dir = packageOf();
  symlinkSync('nowhere', join(dir, 'link'));
  return dir;
}

function runPython(code: string, archive: string): string {
  const { stdout, stderr } = spawnSync(python?.executable ?? 'python3', [
    '-c',
    `import sys; archive = sys.argv[1]\n${code}`,
    archive,
  ]);
  return stdout.toString() + stderr.toString();
}

function wasmManifest(wasm: string): string {
  return `[package]\nname = "demo"\nversion = "1.0.0"\ninterface = "Greeter"\ninterface_version = 1\nruntime = "wasm"\n[metadata]\n[wasm]\n${wasm}\n`;
}
