import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPackage, SecretKey, signPackage, vendorDependencies } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { failureOf } from '../support/failure.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { makeSourceDistribution, makeWheels, pythonWithPip } from '../support/wheels.ts';

/** A folder with a package `demo`, and wheels of `tiny` in two versions. */
function workplace(files: Readonly<Record<string, string>> = {}): string {
  const folder = tempFolder();
  fill(join(folder, 'demo'), { 'package.toml': pythonManifest('demo'), 'demo.py': 'x = 1\n', ...files });
  makeWheels(join(folder, 'wheels'), [
    { name: 'tiny', version: '1.0' },
    { name: 'tiny', version: '2.0' },
  ]);
  return folder;
}

const offline = ['--wheels', 'wheels', '--python', pythonWithPip, '--installer', 'pip'];

const vendor = (folder: string, ...options: readonly string[]) =>
  fidiusIn(folder, ['package', 'vendor', 'demo', ...options], { env: process.env });

const versionIn = (folder: string) => readFileSync(join(folder, 'demo/vendor/tiny.py'), 'utf8');

describe('fidius package vendor', () => {
  it('installs the dependencies into the package, and writes no archive', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });

    const outcome = await vendor(folder, ...offline);

    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Vendored: tiny 1.0\n', stderr: '' });
    expect(versionIn(folder)).toContain('1.0');
    expect(readdirSync(folder).sort()).toEqual(['demo', 'wheels']);
  });

  it('changes nothing the second time', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    await vendor(folder, ...offline);
    writeFileSync(join(folder, 'demo/vendor/mark'), '');

    const again = await vendor(folder, ...offline);

    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(again.stdout).toBe('Unchanged: demo/vendor (tiny 1.0); --refresh vendors again\n');
    expect(existsSync(join(folder, 'demo/vendor/mark'))).toBe(true);
  });

  it.each([
    ['the requirements changed', (folder: string) => writeFileSync(join(folder, 'demo/requirements.txt'), 'tiny>=2\n')],
    ['a constraint changed', (folder: string) => writeFileSync(join(folder, 'demo/limits.txt'), 'tiny>=2\n')],
    [
      'a distribution is missing',
      (folder: string) => rmSync(join(folder, 'demo/vendor/tiny-1.0.dist-info'), { recursive: true }),
    ],
    [
      'the folder was made for another Python',
      (folder: string) => {
        const path = join(folder, 'demo/vendor/fidius-vendor.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace(/"version": "3\.\d+/, '"version": "3.0'));
      },
    ],
    [
      'an older version of the library made the folder',
      (folder: string) => {
        const path = join(folder, 'demo/vendor/fidius-vendor.json');
        const { requirements: _digest, ...record } = JSON.parse(readFileSync(path, 'utf8'));
        writeFileSync(path, JSON.stringify(record));
      },
    ],
  ])('vendors again if %s', async (_what, change) => {
    const folder = workplace({ 'requirements.txt': '-c limits.txt\ntiny\n', 'limits.txt': 'tiny<2\n' });
    await vendor(folder, ...offline);
    writeFileSync(join(folder, 'demo/vendor/mark'), '');
    change(folder);

    const { exitCode, stdout } = await vendor(folder, ...offline);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Vendored: tiny [12]\.0\n$/);
    expect(existsSync(join(folder, 'demo/vendor/mark'))).toBe(false);
  });

  it('vendors again with --refresh', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    await vendor(folder, ...offline);
    writeFileSync(join(folder, 'demo/vendor/mark'), '');

    expect((await vendor(folder, ...offline, '--refresh')).stdout).toBe('Vendored: tiny 1.0\n');
    expect(existsSync(join(folder, 'demo/vendor/mark'))).toBe(false);
  });

  it('keeps a folder that another tool made, unless --refresh is given', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n', 'vendor/own.py': 'x = 1\n' });

    const kept = await vendor(folder, ...offline);
    const own = readFileSync(join(folder, 'demo/vendor/own.py'), 'utf8');
    const replaced = await vendor(folder, ...offline, '--refresh');

    expect(kept.stdout).toBe('Unchanged: demo/vendor (nothing); --refresh vendors again\n');
    expect(own).toBe('x = 1\n');
    expect(replaced.stdout).toBe('Vendored: tiny 1.0\n');
    expect(existsSync(join(folder, 'demo/vendor/own.py'))).toBe(false);
  });

  it('uses another requirements file, also from outside the package', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    writeFileSync(join(folder, 'next.txt'), 'tiny==2.0\n');

    const outcome = await vendor(folder, ...offline, '--requirements', 'next.txt');

    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Vendored: tiny 2.0\n' });
    expect(versionIn(folder)).toContain('2.0');
  });

  it('says what to do if there is nothing to vendor', async () => {
    const outcome = await vendor(workplace());

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toBe(
      'Nothing to vendor: demo has no requirements.txt; write its dependencies into this file\n',
    );
  });

  it('prints the result as JSON', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });

    const { stdout } = await vendor(folder, ...offline, '--json');

    expect(JSON.parse(stdout)).toMatchObject({
      path: '<here>/demo',
      name: 'demo',
      version: '1.0.0',
      status: 'vendored',
      distributions: [{ name: 'tiny', version: '1.0', source: 'tiny-1.0-py3-none-any.whl', built: false }],
    });
  });

  it('warns that the signature became invalid, but not if nothing changed', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    await signPackage(join(folder, 'demo'), { key: new SecretKey(Buffer.alloc(32, 1)) });

    const first = await vendor(folder, ...offline);
    const second = await vendor(folder, ...offline);

    expect(first.stderr).toBe('warning: the signature of the package is no longer valid; sign it again\n');
    expect(second.stderr).toBe('');
  });

  it('shows its progress on a terminal', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });

    const argv = ['package', 'vendor', 'demo', ...offline];
    const { stderr } = await fidiusIn(folder, argv, { env: process.env, isTty: true });

    expect(stderr).toContain('Vendoring the dependencies of demo');
  });

  it('leaves the package as it was when it is interrupted', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    const signal = AbortSignal.abort(new Error('interrupted'));

    const argv = ['package', 'vendor', 'demo', ...offline];
    const { exitCode, stderr } = await fidiusIn(folder, argv, { env: process.env, signal });

    expect(exitCode).toBe(1);
    expect(stderr).toContain('interrupted');
    expect(readdirSync(join(folder, 'demo')).sort()).toEqual(['demo.py', 'package.toml', 'requirements.txt']);
  });

  it.each([
    ['a missing package', ['nowhere'], 'package.toml'],
    ['a missing requirements file', ['demo', '--requirements', 'none.txt'], 'hint: Correct the path'],
    ['a distribution that the wheels lack', ['demo', '--requirements', 'unknown.txt'], 'hint: '],
    [
      'a source distribution',
      ['demo', '--requirements', 'built.txt'],
      'Only wheels are installed, unless builds are allowed',
    ],
    ['a Python that does not exist', ['demo', '--python', '/nowhere/python3'], 'hint: '],
  ])('says what to do about %s', async (_what, [dir = '', ...argv], expected) => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    const ran = join(folder, 'ran');
    makeSourceDistribution(join(folder, 'wheels'), ran);
    fill(folder, { 'unknown.txt': 'unknown==1.0\n', 'built.txt': 'built==1.0\n' });
    const options = argv.includes('--python') ? ['--wheels', 'wheels', '--installer', 'pip'] : offline;

    const { exitCode, stderr } = await fidiusIn(folder, ['package', 'vendor', dir, ...options, ...argv], {
      env: process.env,
    });

    expect(exitCode).toBe(1);
    expect(stderr).toContain(expected);
    expect(existsSync(join(folder, 'demo/vendor'))).toBe(false);
    expect(existsSync(ran)).toBe(false);
  });
});

describe('vendorDependencies', () => {
  it('vendors again with refresh: "changed" only if the requirements changed', async () => {
    const folder = workplace({ 'requirements.txt': 'tiny==1.0\n' });
    const dir = join(folder, 'demo');
    const options = {
      python: pythonWithPip,
      installer: 'pip',
      wheels: join(folder, 'wheels'),
      refresh: 'changed',
    } as const;

    const statuses = [];
    for (const text of ['tiny==1.0\n', '# a comment\ntiny==1.0\n', 'tiny==2.0\n']) {
      writeFileSync(join(dir, 'requirements.txt'), text);
      statuses.push((await vendorDependencies(dir, options)).status);
    }

    expect(statuses).toEqual(['vendored', 'kept', 'vendored']);
  });

  it('rejects another value of refresh', async () => {
    const error = await failureOf(() =>
      vendorDependencies(join(workplace(), 'demo'), { refresh: 'always' as 'changed' }),
    );

    expect(error).toMatchObject({ code: 'FIDIUS_OPTION_INVALID', message: expect.stringContaining('"changed"') });
  });

  it('takes another requirements file while packing', async () => {
    const folder = workplace();
    writeFileSync(join(folder, 'next.txt'), 'tiny==2.0\n');
    mkdirSync(join(folder, 'out'));

    const { vendored } = await packPackage(join(folder, 'demo'), {
      output: join(folder, 'out/demo.fid'),
      vendor: {
        python: pythonWithPip,
        installer: 'pip',
        wheels: join(folder, 'wheels'),
        requirements: join(folder, 'next.txt'),
      },
    });

    expect(vendored?.distributions.map(({ name, version }) => `${name} ${version}`)).toEqual(['tiny 2.0']);
  });
});
