import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, SecretKey } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { fidius } from '../support/run-fidius.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../support/tar-builder.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { makeSourceDistribution, makeWheels, pythonWithPip } from '../support/wheels.ts';

/** A folder with a package `demo` and the key pair `acme`. */
async function workplace(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = tempFolder();
  fill(join(folder, 'demo'), { 'package.toml': pythonManifest('demo'), 'demo.py': 'x = 1\n', ...files });
  await generateKeyPair(join(folder, 'acme'), new SecretKey(Buffer.alloc(32, 1)));
  return folder;
}

/** The same with the archive in place of the package. */
async function packed(files: Readonly<Record<string, string>> = {}, ...options: readonly string[]): Promise<string> {
  const folder = await workplace(files);
  await fidiusIn(folder, ['package', 'pack', 'demo', ...options]);
  rmSync(join(folder, 'demo'), { recursive: true });
  return folder;
}

/** Sizes of archives change with the compressor. */
function withoutSizes(text: string): string {
  return text.replaceAll(/\(\d.*?B\)/g, '(<size>)');
}

describe('fidius package pack', () => {
  it('writes an archive to the current folder, and warns that it is not signed', async () => {
    const folder = await workplace();

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['package', 'pack', 'demo']);

    expect(exitCode).toBe(0);
    expect(withoutSizes(stdout)).toMatchInlineSnapshot(`
      "Packed: demo-1.0.0.fid (<size>)
      "
    `);
    expect(stderr).toMatchInlineSnapshot(`
      "warning: the package is not signed, so its author cannot be verified
      "
    `);
    expect(readFileSync(join(folder, 'demo-1.0.0.fid')).subarray(0, 4).toString()).toBe('BZh9');
  });

  it('signs the package before it writes it', async () => {
    const folder = await workplace();

    const argv = ['package', 'pack', 'demo', '--key', 'acme.secret', '--output', 'my.fid'];
    const { stdout, stderr } = await fidiusIn(folder, argv);

    expect(withoutSizes(stdout)).toBe('Packed: my.fid (<size>)\n');
    expect(stderr).toBe('');
    expect(readFileSync(join(folder, 'demo/package.sig'))).toHaveLength(64);
    expect(
      await fidiusIn(folder, ['package', 'verify', 'my.fid', '--name', 'demo', '--key', 'acme.public']),
    ).toMatchObject({
      exitCode: 0,
    });
  });

  it('prints the result as JSON', async () => {
    const folder = await workplace({ 'notes.sig': 'x' });

    const { stdout, stderr } = await fidiusIn(folder, ['package', 'pack', 'demo', '--key', 'acme.secret', '--json']);

    expect(JSON.parse(stdout)).toEqual({
      archive: '<here>/demo-1.0.0.fid',
      name: 'demo',
      version: '1.0.0',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      vendored: { status: 'nothing', distributions: [] },
      signature: 'made',
      files: 5,
      uncoveredFiles: ['notes.sig'],
      warnings: [],
      bytes: expect.any(Number),
      archiveBytes: expect.any(Number),
    });
    expect(stderr).toBe('warning: notes.sig is not covered by the signature, because its name ends in .sig\n');
  });

  it('warns of an archive that other tools would reject', async () => {
    const folder = await workplace({ 'zeros.txt': '0'.repeat(100_000) });

    const { stderr } = await fidiusIn(folder, ['package', 'pack', 'demo', '--key', 'acme.secret']);

    expect(stderr).toMatch(/^warning: .*\n$/);
    expect(stderr).toContain('maxRatio');
  });

  it('warns of a signature that cannot be verified', async () => {
    const folder = await workplace({ 'package.sig': 'x'.repeat(64) });

    const { stderr } = await fidiusIn(folder, ['package', 'pack', 'demo']);

    expect(stderr).toMatchInlineSnapshot(`
      "warning: package.sig was packed without being verified; it may be invalid
      "
    `);
  });

  it('creates the missing folders of the archive, and none for one that it does not write', async () => {
    const folder = await workplace();

    const inside = await fidiusIn(folder, ['package', 'pack', 'demo', '--output', 'demo/dist/new/demo.fid']);
    const outside = await fidiusIn(folder, ['package', 'pack', 'demo', '--output', 'dist/new/demo.fid']);

    expect(inside.exitCode).toBe(1);
    expect(existsSync(join(folder, 'demo/dist'))).toBe(false);
    expect(outside.exitCode).toBe(0);
    expect(readdirSync(join(folder, 'dist/new'))).toEqual(['demo.fid']);
  });

  it('prints the steps of vendoring, with the number of distributions', async () => {
    const folder = await workplace({ 'requirements.txt': 'tiny==1.0\n' });
    makeWheels(join(folder, 'wheels'), [{ name: 'tiny', version: '1.0' }]);
    const argv = [
      'package',
      'pack',
      'demo',
      '--wheels',
      'wheels',
      '--python',
      pythonWithPip,
      '--installer',
      'pip',
      '-v',
    ];

    const { stderr } = await fidiusIn(folder, argv, { env: process.env });

    expect(stderr.split('\n')).toEqual(
      expect.arrayContaining([
        'Packing demo: vendoring, resolving',
        'Packing demo: vendoring, installing',
        'Packing demo: writing',
      ]),
    );
  });

  it('vendors from a folder of wheels, for the Python of the host', async () => {
    const folder = await workplace({ 'requirements.txt': 'tiny==1.0\n' });
    makeWheels(join(folder, 'wheels'), [{ name: 'tiny', version: '1.0' }]);
    const argv = ['package', 'pack', 'demo', '--wheels', 'wheels', '--python', pythonWithPip, '--installer', 'pip'];

    const { exitCode, stdout, stderr } = await fidiusIn(folder, argv, { env: process.env });

    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'warning: the package is not signed, so its author cannot be verified\n',
    });
    expect(withoutSizes(stdout)).toBe('Vendored: tiny 1.0\nPacked: demo-1.0.0.fid (<size>)\n');
    expect(existsSync(join(folder, 'demo/vendor/tiny.py'))).toBe(true);
  });

  it('builds nothing without --allow-build, and warns of what was built with it', async () => {
    const ran = join(tempFolder(), 'ran');
    const folder = await workplace({ 'requirements.txt': 'built==1.0\n' });
    makeSourceDistribution(join(folder, 'wheels'), ran);
    const argv = ['package', 'pack', 'demo', '--wheels', 'wheels', '--python', pythonWithPip, '--installer', 'pip'];

    const refused = await fidiusIn(folder, argv, { env: process.env });
    const ranBefore = existsSync(ran);
    const built = await fidiusIn(folder, [...argv, '--allow-build', '--json'], { env: process.env });

    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('Only wheels are installed');
    expect([ranBefore, existsSync(ran)]).toEqual([false, true]);
    expect(built.stderr).toContain('warning: built 1.0 was built from source, which ran code of its author\n');
    expect(JSON.parse(built.stdout)).toMatchObject({
      vendored: { distributions: [{ name: 'built', source: 'built-1.0.tar.gz', built: true }] },
    });
  });

  it('names the line that needs a build, and the option that allows it', async () => {
    const folder = await workplace({ 'requirements.txt': 'tiny\n./lib\n' });

    const { exitCode, stderr } = await fidiusIn(folder, ['package', 'pack', 'demo', '--python', pythonWithPip]);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^error: Cannot vendor dependencies: line 2 of \S+requirements\.txt, ".\/lib", is not a wheel/,
    );
    expect(stderr).toContain('allow builds with --allow-build if you trust the authors of all dependencies');
  });

  it('omits the dependencies with --no-vendor', async () => {
    const folder = await workplace({ 'requirements.txt': 'no-such-thing==99\n' });

    const { exitCode, stdout } = await fidiusIn(folder, ['package', 'pack', 'demo', '--no-vendor', '--json']);

    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ vendored: null });
  });

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['a stale signature', {}, ['demo']],
    ['compiled code', { '__pycache__/x.pyc': 'x' }, ['demo']],
    ['an output file inside the package', {}, ['demo', '--output', 'demo/demo.fid']],
    ['a missing key', {}, ['demo', '--key', 'none.secret']],
    ['an unknown installer', {}, ['demo', '--installer', 'conda']],
    ['a missing Python', { 'requirements.txt': 'tiny' }, ['demo', '--python', 'none']],
  ])('fails with %s', async (what, files, argv) => {
    const folder = await workplace(files);
    if (what === 'a stale signature') {
      await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret']);
      writeFileSync(join(folder, 'demo/demo.py'), 'x = 2\n');
    }

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['package', 'pack', ...argv]);

    expect({ exitCode, stdout }).toEqual({ exitCode: what === 'an unknown installer' ? 2 : 1, stdout: '' });
    expect(stderr.replace(/(looked|tried)[^]*/, '$1 …')).toMatchSnapshot();
    expect(readdirSync(folder).filter((name) => name.includes('.fid'))).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('reports %s and leaves no incomplete file', async (signalName, expected) => {
    const folder = await workplace({ 'noise.bin': randomBytes(24 << 20) });
    const [program, ...before] = fidius;
    const child = spawn(program, [...before, 'package', 'pack', 'demo', '--output', 'out.fid'], { cwd: folder });
    child.stdout.resume();
    const messages = text(child.stderr);
    const isWriting = () => readdirSync(folder).some((name) => name.startsWith('.fidius-staging-'));
    // The bound of a wait.
    for (const end = Date.now() + 20_000; !isWriting() && Date.now() < end; ) await new Promise(setImmediate);

    child.kill(signalName);
    const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null];

    expect({ exitCode, signal }).toEqual({ exitCode: expected, signal: null });
    expect(await messages).toBe(`error: interrupted by ${signalName}\n`);
    expect(readdirSync(folder).sort()).toEqual(['acme.public', 'acme.secret', 'demo']);
  });
});

describe('fidius package list', () => {
  it('lists the files of an archive', async () => {
    const folder = await packed({ 'größe/data.txt': 'x'.repeat(1500) });

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['package', 'list', 'demo-1.0.0.fid']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "   6 B  demo-1.0.0/demo.py
      1.5 KB  demo-1.0.0/größe/data.txt
       149 B  demo-1.0.0/package.toml
      3 files, 1.6 KB
      "
    `);
  });

  it('prints the entries as JSON', async () => {
    const { stdout } = await fidiusIn(await packed(), ['package', 'list', 'demo-1.0.0.fid', '--json']);

    expect(JSON.parse(stdout)).toEqual({
      path: '<here>/demo-1.0.0.fid',
      entries: [
        { path: 'demo-1.0.0/demo.py', kind: 'file', bytes: 6, executable: false },
        { path: 'demo-1.0.0/package.toml', kind: 'file', bytes: 149, executable: false },
      ],
      files: 2,
      bytes: 155,
    });
  });

  it('rejects an archive with a missing or an invalid manifest', async () => {
    const folder = tempFolder();
    const entry = (path: string, content: string) => tarEntry({ path, content });
    await writeArchiveFile(join(folder, 'empty.fid'), tarOf(entry('demo-1.0.0/a', 'x')));
    await writeArchiveFile(join(folder, 'broken.fid'), tarOf(entry('demo-1.0.0/package.toml', 'name =')));

    const empty = await fidiusIn(folder, ['package', 'list', 'empty.fid']);
    const broken = await fidiusIn(folder, ['package', 'list', 'broken.fid']);

    expect(empty).toMatchObject({ exitCode: 1, stdout: '' });
    expect(empty.stderr).toContain('no folder in it contains a package.toml');
    expect(broken).toMatchObject({ exitCode: 1, stdout: '' });
    expect(broken.stderr).toContain('broken.fid!demo-1.0.0/package.toml');
  });

  it('unpacks nothing', async () => {
    const folder = await packed();

    await fidiusIn(folder, ['package', 'list', 'demo-1.0.0.fid']);

    expect(readdirSync(folder).sort()).toEqual(['acme.public', 'acme.secret', 'demo-1.0.0.fid']);
  });

  it.each([
    ['a missing file', ['none.fid'], 1],
    ['a file that is not an archive', ['acme.public'], 1],
    ['a limit that is not a number', ['demo-1.0.0.fid', '--max-bytes', '1G'], 2],
    ['an archive beyond a limit', ['demo-1.0.0.fid', '--max-entries', '1'], 1],
  ])('fails with %s', async (_what, argv, expected) => {
    const { exitCode, stdout, stderr } = await fidiusIn(await packed(), ['package', 'list', ...argv]);

    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr).toMatchSnapshot();
  });
});

describe('fidius package unpack', () => {
  it('unpacks an archive into a folder', async () => {
    const folder = await packed({}, '--key', 'acme.secret');

    const { exitCode, stdout, stderr } = await fidiusIn(folder, [
      'package',
      'unpack',
      'demo-1.0.0.fid',
      '--dest',
      'a/b',
    ]);

    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: 'Unpacked: a/b/demo-1.0.0\n', stderr: '' });
    expect(readFileSync(join(folder, 'a/b/demo-1.0.0/demo.py'), 'utf8')).toBe('x = 1\n');
  });

  it('unpacks into the current folder, warns of an unsigned package, and prints the result as JSON', async () => {
    const folder = await packed();

    const { stdout, stderr } = await fidiusIn(folder, ['package', 'unpack', 'demo-1.0.0.fid', '--json']);

    expect(JSON.parse(stdout)).toEqual({
      path: '<here>/demo-1.0.0',
      name: 'demo',
      version: '1.0.0',
      signed: false,
      files: 2,
      bytes: 155,
    });
    expect(stderr).toBe('warning: the package is not signed, so its author cannot be verified\n');
  });

  it('names the option that lifts a limit', async () => {
    const folder = await packed({ 'zeros.txt': '0'.repeat(100_000) });
    const argv = ['package', 'unpack', 'demo-1.0.0.fid'];

    const { exitCode, stderr } = await fidiusIn(folder, argv);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('hint: Raise --max-bytes, or --max-ratio (0 for no limit), if you trust the archive.\n');
    expect(existsSync(join(folder, 'demo-1.0.0'))).toBe(false);
    expect(await fidiusIn(folder, [...argv, '--max-ratio', '0'])).toMatchObject({ exitCode: 0 });
  });
});

describe('an archive', () => {
  it('is verified without being unpacked into the current folder', async () => {
    const folder = await packed({}, '--key', 'acme.secret');
    const argv = ['package', 'verify', 'demo-1.0.0.fid', '--key', 'acme.public'];

    const { exitCode, stdout } = await fidiusIn(folder, argv);
    const { stdout: json } = await fidiusIn(folder, [...argv, '--json']);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^Package signature valid: demo-1\.0\.0\.fid\nName: +demo\n[^]*\nSigned by: key 34750f98bd59fcfc\n$/,
    );
    expect(JSON.parse(json)).toMatchObject({ valid: true, path: '<here>/demo-1.0.0.fid' });
    expect(readdirSync(folder)).toEqual(['acme.public', 'acme.secret', 'demo-1.0.0.fid']);
  });

  it('is rejected if it is not signed', async () => {
    const { exitCode, stderr } = await fidiusIn(await packed(), [
      'package',
      'verify',
      'demo-1.0.0.fid',
      '--key',
      'acme.public',
    ]);

    expect(exitCode).toBe(1);
    expect(stderr).toMatchInlineSnapshot(`
      "error: Cannot trust package <here>/demo-1.0.0.fid: it has no package.sig
      hint: Sign the package, or load it without requiring a signature if you trust its origin.
      "
    `);
  });

  it.each([
    ['archive', '--max-entries', '3'],
    ['archive', '--max-bytes', '100000'],
    ['folder', '--max-entries', '3'],
    ['folder', '--max-bytes', '100000'],
  ])('is inspected within the limits, also behind the manifest: %s, %s', async (kind, option, limit) => {
    const files = { 'z/1.txt': '', 'z/2.txt': '', 'z/large.bin': 'x'.repeat(200_000) };
    const folder = kind === 'archive' ? await packed(files) : await workplace(files);
    const argv = ['package', 'inspect', kind === 'archive' ? 'demo-1.0.0.fid' : 'demo', '--max-ratio', '0'];

    const within = await fidiusIn(folder, argv);
    const beyond = await fidiusIn(folder, [...argv, option, limit]);

    expect(within).toMatchObject({ exitCode: 0, stderr: '' });
    expect(beyond).toMatchObject({ exitCode: 1, stdout: '' });
    expect(beyond.stderr).toMatch(
      kind === 'archive' ? new RegExp(`hint: Raise ${option}`) : /(?:than 3 entries|100000 bytes)/,
    );
  });

  it('is inspected without being unpacked, except for its digest', async () => {
    const folder = await packed({ 'vendor/six.py': '' }, '--key', 'acme.secret');

    const { exitCode, stdout } = await fidiusIn(folder, ['package', 'inspect', 'demo-1.0.0.fid']);

    expect(exitCode).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Name:              demo
      Version:           1.0.0
      Interface:         Greeter
      Interface version: 1
      Methods:           none
      Runtime:           python
      Entry module:      demo
      Requirements:      requirements.txt
      Vendored:          yes
      Signature:         present, not verified
      Metadata: none
      "
    `);
  });
});
