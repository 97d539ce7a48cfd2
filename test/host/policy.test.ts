import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostNotice, type HostOptions, type Interface, PluginHost } from '../../src/index.ts';
import { packPackage, SecretKey, signPackage } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { loadedLibpython } from '../support/loaded-python.ts';
import { fill } from '../support/packages.ts';
import { manifestText, writePackage } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));
const otherKey = new SecretKey(Buffer.alloc(32, 2));
const trusted = { trustedKeys: [key.publicKey] };

let count = 0;

interface Parts {
  readonly name?: string;
  readonly version?: string;
  /** Name of the folder. */
  readonly folder?: string;
  readonly lines?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly definition?: Pick<Interface, 'name' | 'version'>;
}

/** Writes a greeter into a search path; its module has a name of its own, since names are forgotten only on closing. */
function writeGreeter(searchPath: string, parts: Parts = {}): string {
  const { name = 'greeter', version = '1.0.0', lines = [], definition = Greeter } = parts;
  const module = `greeter_${(count += 1)}`;
  const source = [`__interface_hash__ = ${Greeter.hash}`, ...lines, ...greeterLines.complete, ''].join('\n');
  return writePackage({
    folder: join(searchPath, parts.folder ?? `${name}-${version}`),
    manifest: manifestText(name, module, definition).replace('"1.0.0"', `"${version}"`),
    files: { [`${module}.py`]: source, ...parts.files },
  });
}

/** A host with a store of its own. */
function openHost(searchPaths: readonly string[], options: HostOptions = {}): Promise<PluginHost> {
  return PluginHost.open({
    searchPaths,
    executor: 'inline',
    storeDir: join(tempFolder('store'), 'packages'),
    ...options,
  });
}

/** The archive of a package, in a search path; the package itself is removed. */
async function pack(searchPath: string, parts: Parts, secret?: SecretKey): Promise<string> {
  const dir = writeGreeter(tempFolder('unpacked'), parts);
  const output = join(searchPath, `${parts.folder ?? 'greeter'}.fid`);
  await packPackage(dir, { output, key: secret, vendor: false });
  rmSync(dir, { recursive: true });
  return output;
}

describe('PluginHost.open', () => {
  it.each([
    [{ requireSignature: 'yes' }, 'FIDIUS_OPTION_INVALID', 'requireSignature must be true or false, got "yes"'],
    [{ storeDir: '' }, 'FIDIUS_OPTION_INVALID', 'storeDir must be the path of a folder, got ""'],
    [{ archiveLimits: 5 }, 'FIDIUS_OPTION_INVALID', 'archiveLimits must be an object of limits, got 5'],
    [
      { archiveLimits: { maxBytes: '1 GB' } },
      'FIDIUS_OPTION_INVALID',
      'Option "maxBytes" of PluginHost.open() must be a number from 0 up, got "1 GB"',
    ],
    [
      { trustedKeys: key.publicKey },
      'FIDIUS_OPTION_INVALID',
      'Option "trustedKeys" must be an array of keys, got an instance of PublicKey',
    ],
    [{ trustedKeys: ['acme'] }, 'FIDIUS_KEY_INVALID', 'Invalid public key: found 4 bytes'],
    [{ trustStore: {} }, 'FIDIUS_OPTION_INVALID', 'Option "trustStore" must be a trust store, got an object'],
    [{ trustStore: 'nowhere/to/be/found' }, 'FIDIUS_TRUST_UNREADABLE', 'Cannot read trust store nowhere/to/be/found'],
  ])('refuses %j', async (options, code, message) => {
    const error = await failureOf(() => PluginHost.open(options as unknown as HostOptions));

    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

describe('a host that requires signatures', () => {
  it('refuses an unsigned package before any of its code runs, or Python starts', async () => {
    const folder = tempFolder();
    const ran = join(folder, 'ran');
    const path = writeGreeter(folder, { lines: [`open(${JSON.stringify(ran)}, "w")`] });
    await using host = await openHost([folder], { requireSignature: true });

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error).toMatchObject({ code: 'FIDIUS_SIGNATURE_MISSING', package: path });
    expect(existsSync(ran)).toBe(false);
    expect(loadedLibpython()).toBeUndefined();
  });

  it('runs a verified, read-only copy without byte-code', async () => {
    const folder = tempFolder();
    const storeDir = join(tempFolder('store'), 'packages');
    const path = writeGreeter(folder, { files: { 'target/evil.py': '', 'notes.sig': '' } });
    await signPackage(path, { key });
    await using host = await openHost([folder], { ...trusted, storeDir });

    const greeter = await host.load('greeter', Greeter);

    const { info } = greeter;
    expect(await greeter.client.greet('World')).toBe('Hello, World');
    expect(info).toMatchObject({ path, signedBy: { name: undefined, keyId: key.publicKey.id } });
    expect(info.folder.startsWith(storeDir)).toBe(true);
    expect(readdirSync(info.folder).sort()).toEqual([expect.stringMatching(/^greeter_\d+\.py$/), 'package.toml']);
  });

  it('notices between two loads that a package was changed', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder);
    await signPackage(path, { key });
    await using host = await openHost([folder], trusted);
    await (await host.load('greeter', Greeter)).close();
    writeFileSync(join(path, 'added.py'), '');

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error).toMatchObject({
      code: 'FIDIUS_SIGNATURE_INVALID',
      package: path,
      differences: [{ path: 'added.py', kind: 'added' }],
    });
  });

  it.each<[string, HostOptions]>([
    ['nobody', { trustedKeys: [] }],
    ['somebody else', { trustedKeys: [otherKey.publicKey] }],
  ])('refuses a signature when it trusts %s', async (_whom, options) => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder), { key });
    await using host = await openHost([folder], options);

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error.code).toBe('FIDIUS_SIGNATURE_INVALID');
  });

  it('knows the keys of a trust store by name, and when trust in them ends', async () => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder), { key });
    const trust = tempFolder('trust');
    writeFileSync(join(trust, 'acme.public'), key.publicKey.bytes);
    await using host = await openHost([folder], { trustStore: trust });
    const { info } = await host.load('greeter', Greeter);
    fill(trust, { 'trust.toml': '[[keys]]\nname = "acme"\nfile = "acme.public"\nnot_after = 2020-01-01\n' });
    await using later = await openHost([folder], { trustStore: trust });

    const error = await failureOf(() => later.load('greeter', Greeter));

    expect(info.signedBy).toEqual({ name: 'acme', keyId: key.publicKey.id });
    expect(error.code).toBe('FIDIUS_SIGNATURE_KEY_EXPIRED');
  });

  it('can be disabled although keys are trusted', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder);
    await using host = await openHost([folder], { ...trusted, requireSignature: false });

    const { info } = await host.load('greeter', Greeter);

    expect(info).toMatchObject({ path, folder: path, signedBy: undefined });
  });

  it('says when the store cannot be used, and blames no package for it', async () => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder), { key });
    const storeDir = join(tempFolder(), 'file');
    writeFileSync(storeDir, '');
    await using host = await openHost([folder], { ...trusted, storeDir });

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error.code).toBe('FIDIUS_STORE_UNWRITABLE');
    expect(error.hint).toMatch(
      /^Name a folder that this user can write to: by `storeDir` \(`--store` on the command line\), or by [A-Z_]+\.$/,
    );
    // As soon as it can be, it is.
    rmSync(storeDir);
    await expect(host.load('greeter', Greeter)).resolves.toMatchObject({ info: { name: 'greeter' } });
  });

  it('does not use a store that others may write to', async () => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder), { key });
    const storeDir = tempFolder('store');
    chmodSync(storeDir, 0o777);
    await using host = await openHost([folder], { ...trusted, storeDir });

    expect((await failureOf(() => host.load('greeter', Greeter))).code).toBe('FIDIUS_STORE_UNSAFE');
  });
});

describe('an archive in a search path', () => {
  it('is found and runs, without creating files next to it', async () => {
    const folder = tempFolder();
    const path = await pack(folder, {});
    await using host = await openHost([folder]);

    const { packages } = await host.discover();
    const greeter = await host.load('greeter', Greeter);

    expect(packages).toMatchObject([{ path, kind: 'archive', manifest: { name: 'greeter' } }]);
    expect(greeter.sync.greet('World')).toBe('Hello, World');
    expect(greeter.info).toMatchObject({ path, signedBy: undefined });
    expect(readdirSync(folder)).toEqual(['greeter.fid']);
  });

  it('is verified where signatures are required', async () => {
    const folder = tempFolder();
    await pack(folder, { folder: 'signed', name: 'signed' }, key);
    const unsigned = await pack(folder, { folder: 'unsigned', name: 'unsigned' });
    await using host = await openHost([folder], trusted);

    const { info } = await host.load('signed', Greeter);
    const error = await failureOf(() => host.load('unsigned', Greeter));

    expect(info.signedBy?.keyId).toBe(key.publicKey.id);
    expect(error).toMatchObject({ code: 'FIDIUS_SIGNATURE_MISSING', package: unsigned });
  });

  it('is named in errors of its code, not the place it was unpacked to', async () => {
    const folder = tempFolder();
    const path = await pack(folder, { lines: ['raise ValueError("broken")'] });
    await using host = await openHost([folder]);

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error).toMatchObject({ code: 'FIDIUS_IMPORT_FAILED', path });
    expect(error.message).toMatch(
      /^Cannot load .*greeter\.fid: importing greeter_\d+ failed at .*greeter_\d+\.py:\d+ with ValueError: broken$/,
    );
  });

  it('is held to limits', async () => {
    const folder = tempFolder();
    await pack(folder, { files: { 'zeros.txt': '0'.repeat(100_000) } });
    await using strict = await openHost([folder]);
    await using generous = await openHost([folder], { archiveLimits: { maxRatio: 0 } });

    const error = await failureOf(() => strict.load('greeter', Greeter));

    expect(error.code).toBe('FIDIUS_ARCHIVE_TOO_LARGE');
    expect((await generous.load('greeter', Greeter)).sync.greet('you')).toBe('Hello, you');
  });

  it('that is damaged does not prevent others from being loaded', async () => {
    const folder = tempFolder();
    const damaged = await pack(folder, {});
    writeFileSync(damaged, 'BZh91AY&SY and then nothing of the kind');
    writeGreeter(folder, { name: 'sound' });
    await using host = await openHost([folder]);

    const { skipped } = await host.discover();

    expect(skipped).toMatchObject([{ path: damaged, reason: { code: 'FIDIUS_ARCHIVE_CORRUPT' } }]);
    expect((await host.load('sound', Greeter)).info.skipped).toEqual([]);
  });
});

describe('of several packages of one name', () => {
  it('the highest version is loaded, or the highest in a range', async () => {
    const folder = tempFolder();
    for (const version of ['1.2.0', '1.10.0', '2.0.0', 'nightly']) writeGreeter(folder, { version });
    await using host = await openHost([folder]);
    const versionOf = async (version?: string) => (await host.load('greeter', Greeter, { version })).info.version;

    expect(await versionOf()).toBe('2.0.0');
    expect(await versionOf('^1')).toBe('1.10.0');
    expect(await versionOf('~1.2')).toBe('1.2.0');
    expect(await versionOf('nightly')).toBe('nightly');
  });

  it('one in an earlier search path is loaded, whatever its version', async () => {
    const [first, second] = [tempFolder('first'), tempFolder('second')];
    writeGreeter(first, { version: '1.0.0' });
    writeGreeter(second, { version: '3.0.0' });
    writeGreeter(second, { version: '2.0.0' });
    await using host = await openHost([first, second]);

    expect((await host.load('greeter', Greeter)).info.version).toBe('1.0.0');
    expect((await host.load('greeter', Greeter, { version: '>=2' })).info.version).toBe('3.0.0');
  });

  it('discovery tells which they are', async () => {
    const folder = tempFolder();
    writeGreeter(folder, { version: '1.0.0' });
    writeGreeter(folder, { version: '2.0.0' });
    writeGreeter(folder, { name: 'only' });
    await using host = await openHost([folder]);

    const { duplicates } = await host.discover();

    expect(duplicates.map(({ name, packages }) => [name, packages.map(({ path }) => path)])).toEqual([
      ['greeter', [join(folder, 'greeter-1.0.0'), join(folder, 'greeter-2.0.0')]],
    ]);
  });

  it('none may be in the range, and then the versions that there are get named', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder, { version: '1.2.0' });
    await using host = await openHost([folder]);

    const error = await failureOf(() => host.load('greeter', Greeter, { version: '^2' }));

    expect(error).toMatchObject({
      code: 'FIDIUS_PLUGIN_VERSION',
      message: `No package named greeter has a version in ^2; found 1.2.0 (${path})`,
      hint: 'Widen the range, or install another version.',
    });
  });

  it('one that is not signed is skipped in favour of one that is', async () => {
    const folder = tempFolder();
    const unsigned = writeGreeter(folder, { version: '9.9.9', lines: ['raise SystemExit'] });
    await signPackage(writeGreeter(folder, { version: '1.0.0' }), { key });
    await using host = await openHost([folder], trusted);

    const { info } = await host.load('greeter', Greeter);

    expect(info.version).toBe('1.0.0');
    expect(info.skipped).toMatchObject([{ path: unsigned, reason: { code: 'FIDIUS_SIGNATURE_MISSING' } }]);
  });

  it('one for another interface, version of it, or runtime is skipped', async () => {
    const folder = tempFolder();
    writeGreeter(folder, { version: '4.0.0', definition: { name: 'Other', version: 1 } });
    writeGreeter(folder, { version: '3.0.0', definition: { name: 'Greeter', version: 7 } });
    const rust = join(writeGreeter(folder, { version: '2.0.0' }), 'package.toml');
    writeFileSync(
      rust,
      manifestText('greeter', 'x', Greeter)
        .replace('"1.0.0"', '"2.0.0"')
        .replace(/runtime[^]*/, '[metadata]'),
    );
    writeGreeter(folder, { version: '1.0.0' });
    await using host = await openHost([folder]);

    const { info } = await host.load('greeter', Greeter);

    expect(info.version).toBe('1.0.0');
    expect(info.skipped).toMatchObject([
      { reason: { code: 'FIDIUS_INTERFACE_NAME_MISMATCH' } },
      { reason: { code: 'FIDIUS_INTERFACE_VERSION_MISMATCH' } },
      { reason: { code: 'FIDIUS_RUNTIME_NOT_PYTHON' } },
    ]);
  });

  it('one whose vendored code is for another Python is skipped', async () => {
    const folder = tempFolder();
    const wheel = 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp27-cp27m-win32\n';
    const path = writeGreeter(folder, {
      version: '2.0.0',
      files: {
        'vendor/old-1.0.dist-info/WHEEL': wheel,
        'vendor/old-1.0.dist-info/METADATA': 'Name: old\nVersion: 1.0\n',
      },
    });
    await using host = await openHost([folder]);

    const error = await failureOf(() => host.load('greeter', Greeter));
    writeGreeter(folder, { version: '1.0.0' });
    const { info } = await host.load('greeter', Greeter);

    expect(error.code).toBe('FIDIUS_VENDOR_MISMATCH');
    expect(error.message).toContain('old 1.0 is built for cp27-cp27m-win32');
    expect(info).toMatchObject({ version: '1.0.0', skipped: [{ path }] });
  });

  it('each may be unfit; then it is said of the first', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder, { version: '2.0.0' });
    writeGreeter(folder, { version: '1.0.0', definition: { name: 'Other', version: 1 } });
    await using host = await openHost([folder], { requireSignature: true });

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error).toMatchObject({ code: 'FIDIUS_SIGNATURE_MISSING', package: path });
  });

  it.each([[7], [null], [['^1']]])('the range %j is none', async (version) => {
    await using host = await openHost([tempFolder()]);

    const error = await failureOf(() => host.load('greeter', Greeter, { version: version as unknown as string }));

    expect(error.code).toBe('FIDIUS_OPTION_INVALID');
    expect(error.message).toMatch(/^version must be a range of versions, got /);
  });
});

describe('plugins that vendor different versions of one distribution', () => {
  const six = (version: string) => ({
    [`vendor/six-${version}.dist-info/METADATA`]: `Name: six\nVersion: ${version}\n`,
  });

  it('are named by what is known of the second, before it is imported', async () => {
    const folder = tempFolder();
    writeGreeter(folder, { name: 'first', files: six('1.15.0') });
    writeGreeter(folder, { name: 'second', files: six('1.16.0') });
    writeGreeter(folder, { name: 'third' });
    const notices: HostNotice[] = [];
    await using host = await openHost([folder], { onNotice: (notice) => void notices.push(notice) });

    const infos = [];
    for (const name of ['first', 'second', 'second', 'third']) infos.push((await host.load(name, Greeter)).info);

    const conflict = {
      distribution: 'six',
      versions: [
        { package: 'first', version: '1.15.0' },
        { package: 'second', version: '1.16.0' },
      ],
    };
    expect(infos.map(({ vendorConflicts }) => vendorConflicts)).toEqual([[], [conflict], [conflict], []]);
    expect(notices).toEqual([
      {
        kind: 'vendoredVersions',
        plugins: ['first', 'second'],
        message:
          'six is vendored as 1.15.0 in first, 1.16.0 in second, and one interpreter can import only one of them',
        hint: 'Vendor one version of six in all of them, or run one of them in a separate process.',
      },
    ]);
  });

  it('are named again by the error, when both import it', async () => {
    const folder = tempFolder();
    const imports = ['import vendored_alike'];
    const module = (version: string) => ({
      ...six(version),
      'vendor/vendored_alike.py': `version = "${version}"\n`,
    });
    writeGreeter(folder, { name: 'first', lines: imports, files: module('1.15.0') });
    writeGreeter(folder, { name: 'second', lines: imports, files: module('1.16.0') });
    const told: string[] = [];
    await using host = await openHost([folder], { onNotice: ({ message }) => void told.push(message) });
    await using first = await host.load('first', Greeter);

    const error = await failureOf(() => host.load('second', Greeter));

    expect(error.code).toBe('FIDIUS_MODULE_COLLISION');
    expect(told).toHaveLength(1);
    expect(error.message).toMatch(
      /^Cannot load .*: its module vendored_alike .* has the name of another package's module/,
    );
    expect(error.message.endsWith(`; ${told[0]}`)).toBe(true);
    expect(error.hint).toBe('Vendor one version of six in all of them, or run one of them in a separate process.');
    expect(first.sync.greet('x')).toBe('Hello, x');
  });

  it('are a warning of the process without a listener', async () => {
    const folder = tempFolder();
    writeGreeter(folder, { name: 'first', files: six('1.15.0') });
    writeGreeter(folder, { name: 'second', files: six('1.16.0') });
    await using host = await openHost([folder]);
    await host.load('first', Greeter);
    const warned = once(process, 'warning');

    await host.load('second', Greeter);

    const [warning] = (await warned) as [Error & { detail?: string }];
    expect(warning.name).toBe('FidiusWarning');
    expect(warning.message).toMatch(/^six is vendored as 1\.15\.0 in first, 1\.16\.0 in second/);
    expect(warning.detail).toMatch(/^hint: Vendor one version of six/);
  });
});

describe('a load that is cancelled', () => {
  it('ends while packages are still being looked for', async () => {
    const folder = tempFolder();
    writeGreeter(folder);
    const reason = new Error('changed my mind');
    await using host = await openHost([folder]);

    const error = await failureOf(() => host.load('greeter', Greeter, { signal: AbortSignal.abort(reason) }));

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_ABORTED', cause: reason });
  });

  it('ends while a package is being verified', async () => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder, { files: { 'large.bin': 'x'.repeat(64 << 20) } }), { key });
    const controller = new AbortController();
    await using host = await openHost([folder], trusted);

    const loading = host.load('greeter', Greeter, { signal: controller.signal });
    setImmediate(() => controller.abort());

    expect((await failureOf(() => loading)).code).toBe('FIDIUS_LOAD_ABORTED');
  });
});

describe('signedBy', () => {
  it('takes the package that one of these keys signed, by name or id, and passes over the others', async () => {
    const folder = tempFolder();
    await signPackage(writeGreeter(folder, { version: '2.0.0' }), { key: otherKey });
    await signPackage(writeGreeter(folder, { version: '1.0.0' }), { key });
    const trust = tempFolder('trust');
    writeFileSync(join(trust, 'acme.public'), key.publicKey.bytes);
    writeFileSync(join(trust, 'other.public'), otherKey.publicKey.bytes);
    await using host = await openHost([folder], { trustStore: trust });

    const versions = [];
    for (const signedBy of ['acme', [key.publicKey.id, 'nobody'], 'other', undefined]) {
      const plugin = await host.load('greeter', Greeter, { signedBy });
      versions.push(plugin.info.version);
      await plugin.close();
    }
    const error = await failureOf(() => host.load('greeter', Greeter, { signedBy: 'nobody' }));

    expect(versions).toEqual(['1.0.0', '1.0.0', '2.0.0', '2.0.0']);
    expect(error.code).toBe('FIDIUS_SIGNATURE_KEY_SCOPE');
    expect(error.message).toContain('expected nobody');
  });

  it('is rejected where signatures are not checked, and when it names no key', async () => {
    await using careless = await openHost([tempFolder()]);
    await using careful = await openHost([tempFolder()], trusted);

    for (const [host, signedBy] of [
      [careless, 'acme'],
      [careful, []],
      [careful, 5],
    ] as const) {
      const load = () => host.load('greeter', Greeter, { signedBy: signedBy as string });
      expect((await failureOf(load)).code).toBe('FIDIUS_OPTION_INVALID');
    }
  });
});

describe('refuseOlder', () => {
  it('refuses a lower version than was loaded before, also by another host with the same store', async () => {
    const storeDir = join(tempFolder('store'), 'packages');
    const options = { ...trusted, storeDir, refuseOlder: true };
    const load = async (version: string, other: HostOptions = options) => {
      const folder = tempFolder();
      await signPackage(writeGreeter(folder, { version }), { key });
      await using host = await openHost([folder], other);
      await host.load('greeter', Greeter);
    };

    await load('1.2.0');
    await load('1.10.0');
    await load('1.10.0');
    const error = await failureOf(() => load('1.9.0'));
    await load('1.9.0', { ...trusted, storeDir });
    const again = await failureOf(() => load('1.9.0'));
    writeFileSync(join(storeDir, 'versions.json'), 'not JSON');
    const damaged = await failureOf(() => load('2.0.0'));

    expect(error.code).toBe('FIDIUS_PACKAGE_OLDER');
    expect(error.message).toContain('greeter 1.9.0 is older than 1.10.0, which was loaded before');
    expect(again.code).toBe('FIDIUS_PACKAGE_OLDER');
    expect(damaged.code).toBe('FIDIUS_STORE_DAMAGED');
  });

  it('is refused where signatures are not required: anybody could raise the version', async () => {
    expect((await failureOf(() => openHost([], { refuseOlder: true }))).code).toBe('FIDIUS_OPTION_INVALID');
  });
});
