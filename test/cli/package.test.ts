import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, SecretKey } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

const manifest = `${pythonManifest('demo')}requirements = "needs.txt"\n`.replace(
  '[metadata]',
  '[metadata]\ncategory = "test"\nbig = 9007199254740993\nnested = { since = 2024-01-31T00:00:00Z, ratio = nan }',
);

/** A folder with a package `demo` and two key pairs, `acme` and `other`, that are the same each time. */
async function workplace(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = tempFolder();
  fill(join(folder, 'demo'), { 'package.toml': manifest, 'demo.py': 'x = 1\n', ...files });
  await generateKeyPair(join(folder, 'acme'), new SecretKey(Buffer.alloc(32, 1)));
  await generateKeyPair(join(folder, 'other'), new SecretKey(Buffer.alloc(32, 2)));
  return folder;
}

describe('fidius package validate', () => {
  it('prints a summary of a manifest', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(), ['package', 'validate', 'demo']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Package: demo v1.0.0
      Interface: Greeter (version 1)
      Metadata: 3 fields
      Manifest valid.
      "
    `);
  });

  it('prints the whole manifest as JSON', async () => {
    const { stdout } = await fidiusIn(await workplace(), ['package', 'validate', 'demo', '--json']);

    expect(stdout).toMatchInlineSnapshot(`
      "{
        "valid": true,
        "path": "<here>/demo",
        "manifest": {
          "name": "demo",
          "version": "1.0.0",
          "interface": "Greeter",
          "interfaceVersion": 1,
          "extension": "fid",
          "metadata": {
            "category": "test",
            "big": 9007199254740993,
            "nested": {
              "since": "2024-01-31T00:00:00.000Z",
              "ratio": {
                "$float": "NaN"
              }
            }
          },
          "runtime": "python",
          "python": {
            "entryModule": "demo",
            "requirements": "needs.txt"
          }
        },
        "warnings": []
      }
      "
    `);
  });

  it('warns of a package that cannot be packed or loaded although its manifest is valid', async () => {
    const odd = manifest
      .replace('name = "demo"', 'name = "../demo"')
      .replace('entry_module = "demo"', 'entry_module = "gone"');

    const { exitCode, stderr } = await fidiusIn(await workplace({ 'package.toml': odd }), [
      'package',
      'validate',
      'demo',
    ]);

    expect(exitCode).toBe(0);
    expect(stderr).toMatchInlineSnapshot(`
      "warning: The name of the package cannot be part of a file name: "../demo"
      warning: The package does not contain its entry module, gone
      "
    `);
  });

  it.each([
    'gone.py',
    'vendor/gone.py',
    'gone/__init__.py',
    'gone.cpython-311-x86_64-linux-gnu.so',
    'gone.so',
    'gone.pyd',
  ])('finds the entry module in %s', async (file) => {
    const odd = manifest.replace('entry_module = "demo"', 'entry_module = "gone"');
    const folder = await workplace({ 'package.toml': odd, [file]: '' });

    expect(await fidiusIn(folder, ['package', 'validate', 'demo'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it.each(['gone.txt', 'gone.a.b.so', 'gone', 'target/gone.py'])(
    'does not take %s for the entry module',
    async (file) => {
      const odd = manifest.replace('entry_module = "demo"', 'entry_module = "gone"');
      const folder = await workplace({ 'package.toml': odd, [file]: '' });

      const { stderr } = await fidiusIn(folder, ['package', 'validate', 'demo']);

      expect(stderr).toBe('warning: The package does not contain its entry module, gone\n');
    },
  );

  const broken = { 'package.toml': manifest.replace('"python"', '"pyton"').replace('interface_version = 1', '') };

  it('reports all problems', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(broken), ['package', 'validate', 'demo']);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatchInlineSnapshot(`
      "error: Invalid manifest <here>/demo/package.toml
        /package/interface_version: is missing, must be an integer (line 1, column 1)
      "
    `);
  });

  it('prints the problems as JSON, and exits with 1', async () => {
    const argv = ['package', 'validate', 'demo', '--json'];

    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(broken), argv);

    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      path: '<here>/demo',
      code: 'FIDIUS_MANIFEST_PARSE',
      issues: [{ path: '/package/interface_version', line: 1 }],
    });
    expect(stderr).toMatch(/^error: Invalid manifest/);
  });

  it('fails with a missing package', async () => {
    const { exitCode, stderr } = await fidiusIn(tempFolder(), ['package', 'validate', 'nowhere']);

    expect(exitCode).toBe(1);
    expect(stderr).toMatchInlineSnapshot(`
      "error: No package.toml in <here>/nowhere
      hint: Pass the folder of the package, which contains package.toml.
      "
    `);
  });
});

describe('fidius package inspect', () => {
  it('prints the manifest, the digest and the state of the signature', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(), ['package', 'inspect', 'demo']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    // Which Python it is depends on the machine.
    const shown = stdout.replace(/^(Executor: +)\w+: .*$/m, '$1<executor>: <reason>');
    expect(shown).toMatchInlineSnapshot(`
      "Name:              demo
      Version:           1.0.0
      Interface:         Greeter
      Interface version: 1
      Methods:           none
      Runtime:           python
      Entry module:      demo
      Requirements:      needs.txt
      Vendored:          no
      Executor:          <executor>: <reason>
      Digest:            d05a6775fe8a0c62b9549cc054c7fa0c2d330bddd8696f0577ae28382607f6df
      Signature:         none
      Metadata:
        category = "test"
        big = 9007199254740993
        nested = {"since":"2024-01-31T00:00:00.000Z","ratio":{"$float":"NaN"}}
      "
    `);
  });

  it.each([
    ['public functions', 'def greet(name): ...\nasync def later(): ...\ndef _own(): ...\n', 'greet, later'],
    [
      'marked functions, where there are any',
      'import fidius\nfrom fidius import method\n@method\n@cached\ndef greet(name): ...\ndef help(): ...\n@fidius.method\nasync def later(): ...\n',
      'greet, later',
    ],
    ['no text, no method of a class', `"""\ndef text(): ...\n"""\nclass A:\n    def inner(self): ...\n`, 'none'],
  ])('lists the methods of a folder and of an archive: %s', async (_what, source, expected) => {
    const folder = await workplace({ 'demo.py': source });
    await fidiusIn(folder, ['package', 'pack', 'demo', '--output', 'demo.fid']);

    for (const path of ['demo', 'demo.fid']) {
      const { stdout } = await fidiusIn(folder, ['package', 'inspect', path]);
      expect(stdout).toContain(`\nMethods:           ${expected}\n`);
    }
    const { stdout: json } = await fidiusIn(folder, ['package', 'inspect', 'demo', '--json']);
    expect(JSON.parse(json).methods).toEqual(expected === 'none' ? [] : expected.split(', '));
  });

  it('reports a signature and vendored dependencies', async () => {
    const folder = await workplace({ 'vendor/six.py': '' });
    await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret']);

    const { stdout } = await fidiusIn(folder, ['package', 'inspect', 'demo']);

    expect(stdout).toContain('\nVendored:          yes\n');
    expect(stdout).toContain('\nSignature:         present, not verified; it names key 34750f98bd59fcfc\n');
  });

  it('reports no key for a signature without a list of files', async () => {
    const folder = await workplace({ 'package.sig': 'x' });

    const { stdout } = await fidiusIn(folder, ['package', 'inspect', 'demo']);

    expect(stdout).toContain('\nSignature:         present, not verified\n');
  });

  it.each([
    ['wasm', '[wasm]\ncomponent = "demo.wasm"\ncapabilities = ["clock", "http"]\n'],
    ['rust', ''],
  ])('supports the runtime %s', async (runtime, section) => {
    const other = manifest.replace('"python"', `"${runtime}"`).replace(/\[metadata\][^]*/, `[metadata]\n${section}`);
    const folder = await workplace({ 'package.toml': other });

    const { stdout } = await fidiusIn(folder, ['package', 'inspect', 'demo']);

    expect(stdout.replace(/^Digest:.*\n/m, '')).toMatchSnapshot();
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await fidiusIn(await workplace(), ['package', 'inspect', 'demo', '--json']);

    expect(JSON.parse(stdout)).toMatchObject({
      path: '<here>/demo',
      manifest: { name: 'demo', runtime: 'python', python: { entryModule: 'demo', requirements: 'needs.txt' } },
      vendored: false,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      signed: false,
      signedAs: null,
    });
  });
});

describe('fidius package sign', () => {
  it('writes the signature', async () => {
    const folder = await workplace();

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Signed package: demo -> demo/package.sig
      Key id: 34750f98bd59fcfc
      "
    `);
    expect(readFileSync(join(folder, 'demo/package.sig'))).toHaveLength(64);
  });

  it('prints the signature and the digest as JSON', async () => {
    const folder = await workplace();

    const { stdout } = await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret', '--json']);

    expect(JSON.parse(stdout)).toEqual({
      path: '<here>/demo',
      signature: '<here>/demo/package.sig',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      keyId: '34750f98bd59fcfc',
      files: 2,
    });
  });

  it('rejects compiled code without --byte-code', async () => {
    const folder = await workplace({ '__pycache__/demo.cpython-311.pyc': 'x' });
    const argv = ['package', 'sign', 'demo', '--key', 'acme.secret'];

    const refused = await fidiusIn(folder, argv);

    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatchInlineSnapshot(`
      "error: Package <here>/demo contains compiled Python code in __pycache__
      hint: Delete its \`__pycache__\` folders, or use --byte-code remove.
      "
    `);
    expect((await fidiusIn(folder, [...argv, '--byte-code', 'remove'])).exitCode).toBe(0);
    expect((await fidiusIn(folder, [...argv, '--byte-code', 'burn'])).stderr).toMatchInlineSnapshot(`
      "error: fidius package sign takes refuse, remove, keep after --byte-code, not burn
      hint: Usage: fidius package sign <dir> --key <file> [options]
      "
    `);
  });

  it.each([
    ['no key', ['demo'], 2],
    ['no package', ['--key', 'acme.secret'], 2],
    ['a missing key', ['demo', '--key', 'none.secret'], 1],
    ['the public key', ['demo', '--key', 'acme.public'], 1],
    ['a missing package', ['none', '--key', 'acme.secret'], 1],
  ])('fails with %s', async (_what, argv, expected) => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(), ['package', 'sign', ...argv]);

    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr).toMatchSnapshot();
  });
});

describe('fidius package verify', () => {
  async function signed(files: Readonly<Record<string, string>> = {}): Promise<string> {
    const folder = await workplace(files);
    await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret']);
    return folder;
  }

  it('prints the key of the signature', async () => {
    const argv = ['package', 'verify', 'demo', '--key', 'other.public', '--key', 'acme.public'];

    const { exitCode, stdout, stderr } = await fidiusIn(await signed(), argv);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Package signature valid: demo
      Name:      demo
      Version:   1.0.0
      Interface: Greeter
      Digest:    d05a6775fe8a0c62b9549cc054c7fa0c2d330bddd8696f0577ae28382607f6df
      Signed by: key 34750f98bd59fcfc
      "
    `);
  });

  it('prints the name of a key from a trust store', async () => {
    const folder = await signed();
    fill(folder, { 'trust/acme.public': readFileSync(join(folder, 'acme.public')) });

    const { stdout } = await fidiusIn(folder, ['package', 'verify', 'demo', '--trust', 'trust']);
    const { stdout: json } = await fidiusIn(folder, ['package', 'verify', 'demo', '--trust', 'trust', '--json']);

    expect(stdout).toContain('Signed by: key acme (34750f98bd59fcfc)\n');
    expect(JSON.parse(json)).toEqual({
      valid: true,
      path: '<here>/demo',
      name: 'demo',
      version: '1.0.0',
      interface: 'Greeter',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      signedBy: { name: 'acme', keyId: '34750f98bd59fcfc' },
    });
  });

  it('rejects a changed package, and lists the changed files', async () => {
    const folder = await signed();
    writeFileSync(join(folder, 'demo/demo.py'), 'x = 2\n');
    const argv = ['package', 'verify', 'demo', '--key', 'acme.public'];

    const { exitCode, stdout, stderr } = await fidiusIn(folder, argv);
    const asJson = await fidiusIn(folder, [...argv, '--json']);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatchInlineSnapshot(`
      "error: Cannot trust package <here>/demo: its signature matches none of the trusted keys: key 34750f98bd59fcfc; demo.py was changed after key 34750f98bd59fcfc signed the package
      hint: This copy was changed. Get the package from its author again.
      "
    `);
    expect(asJson).toMatchObject({ exitCode: 1, stderr });
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      valid: false,
      code: 'FIDIUS_SIGNATURE_INVALID',
      keys: [{ name: null, id: '34750f98bd59fcfc' }],
      differences: [{ path: 'demo.py', kind: 'changed' }],
      moreDifferences: 0,
    });
  });

  it.each([
    ['an unsigned package', async () => workplace(), ['demo', '--key', 'acme.public'], 1],
    ['another key', async () => signed(), ['demo', '--key', 'other.public'], 1],
    ['no trusted key', async () => signed(), ['demo'], 2],
    ['a file that is not a key', async () => signed(), ['demo', '--key', 'demo/demo.py'], 1],
    ['a secret key', async () => signed(), ['demo', '--key', 'acme.secret'], 1],
    ['a missing package', async () => signed(), ['none', '--key', 'acme.public'], 1],
    ['a missing trust store', async () => signed(), ['demo', '--trust', 'none'], 1],
  ])('fails with %s', async (_what, prepare, argv, expected) => {
    const { exitCode, stdout, stderr } = await fidiusIn(await prepare(), ['package', 'verify', ...argv]);

    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr).toMatchSnapshot();
  });
});
