import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPackage } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { runFidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const greeterModule = join(import.meta.dirname, '../fixtures/interfaces/greeter.ts');
const rawModule = join(import.meta.dirname, '../fixtures/interfaces/raw.ts');

const source = `
from fidius import PluginError, method

__interface_hash__: int = 0xD66A_3334_3F4B_2077


@method
def greet(name):
    print("printed by the plugin")
    if not name:
        raise PluginError("EMPTY_NAME", "nobody to greet", {"known": ["World"]})
    return "Hello, " + name


def echo(*values):
    return list(values)


def reverse(data):
    return data[::-1]


async def later(value):
    return value


def unspeakable():
    return object()
`;

/** A folder with a package `demo` for an interface, whose entry module has this source. */
function workplace(text = source, interfaceName = 'Greeter'): string {
  const folder = tempFolder();
  const manifest = pythonManifest('demo').replace('Greeter', interfaceName);
  fill(join(folder, 'demo'), { 'package.toml': manifest, 'demo.py': text });
  return folder;
}

describe('fidius run', () => {
  it.each([
    ['in its own process', []],
    ['in a child process', ['--executor', 'process']],
  ])('calls a method %s and prints only its result, as JSON', (_where, options) => {
    const folder = workplace();

    const { exitCode, stdout, stderr } = runFidius(['run', 'demo', 'greet', '"Wörld"', ...options], { cwd: folder });

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '"Hello, Wörld"\n' });
    expect(stderr).toBe(
      'note: no interface given, so the interface hash that demo declares is used: 0xd66a33343f4b2077\n' +
        'printed by the plugin\n',
    );
  });

  it('reads arguments as JSON, including negative numbers and values without a JSON form', async () => {
    const argv = ['run', 'demo', 'echo', '-1', '12345678901234567890', '{"$bytes": "aGk="}', '[null, -0.5]'];

    const { exitCode, stdout } = await fidiusIn(workplace(), argv);

    expect(exitCode).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "[
        -1,
        12345678901234567890,
        {
          "$bytes": "aGk="
        },
        [
          null,
          -0.5
        ]
      ]
      "
    `);
  });

  it('tells how the process of the package has ended', () => {
    const folder = workplace('__interface_hash__ = 1\ndef go():\n    import os\n    os._exit(9)\n');

    const { exitCode, stderr } = runFidius(['run', 'demo', 'go', '--executor', 'process'], { cwd: folder });

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: go\(\) of demo failed: the process \d+ \(.*\) exited with code 9\n/);
  });

  it('waits for an async method', async () => {
    expect(await fidiusIn(workplace(), ['run', 'demo', 'later', '[1]'])).toMatchObject({
      exitCode: 0,
      stdout: '[\n  1\n]\n',
    });
  });

  it('passes bytes from standard input to standard output with --raw', async () => {
    const stdin = Uint8Array.from({ length: 70_000 }, (_, index) => index);

    const { exitCode, bytes } = await fidiusIn(workplace(), ['run', 'demo', 'reverse', '--raw'], { stdin });

    expect(exitCode).toBe(0);
    expect(bytes.equals(stdin.toReversed())).toBe(true);
  });

  it('prints an exception of a plugin with its traceback', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(workplace(), ['run', 'demo', 'greet', '""']);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.replace(/^note: .*\n/, '')).toMatchInlineSnapshot(`
      "error: demo.greet raised EMPTY_NAME: nobody to greet
      details: {"known":["World"]}
      Traceback (most recent call last):
        File "<here>/demo/demo.py", line 11, in greet
          raise PluginError("EMPTY_NAME", "nobody to greet", {"known": ["World"]})
      fidius.PluginError: nobody to greet
      "
    `);
  });

  it.each([
    ['text without quotes', ['greet', 'World'], 2],
    ['no method', [], 2],
    ['an argument for a raw method', ['reverse', '"x"', '--raw'], 2],
    ['a missing method', ['gret'], 1],
    ['a result that cannot be converted', ['unspeakable'], 1],
  ])('fails with %s', async (_what, argv, expected) => {
    const { exitCode, stdout, stderr } = await fidiusIn(workplace(), ['run', 'demo', ...argv]);

    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr.replace(/^note: .*\n/, '')).toMatchSnapshot();
  });

  it.each(['a', 'YQ=', 'YQ===', 'YR==', 'Y Q==', 'YQ==YQ==', '_-8', 'ä'])(
    'rejects %j, which is not base64',
    async (text) => {
      const argument = JSON.stringify({ $bytes: text });

      const { exitCode, stdout, stderr } = await fidiusIn(workplace(), ['run', 'demo', 'echo', '1', argument]);

      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain(`error: Argument 2 is not JSON: {"$bytes": ${JSON.stringify(text)}} is not base64\n`);
    },
  );

  it.each(['', 'YQ==', 'YQ', '+/8='])('reads %j as bytes', async (text) => {
    const argument = JSON.stringify({ $bytes: text });

    const { stdout } = await fidiusIn(workplace(), ['run', 'demo', 'echo', argument]);

    expect(JSON.parse(stdout)).toEqual([{ $bytes: Buffer.from(text, 'base64').toString('base64') }]);
  });

  it('rejects a package for another runtime', async () => {
    const folder = workplace();
    const rust = pythonManifest('demo')
      .replace('"python"', '"rust"')
      .replace(/\[python\][^]*/, '');
    writeFileSync(join(folder, 'demo/package.toml'), rust);

    const { exitCode, stderr } = await fidiusIn(folder, ['run', 'demo', 'greet']);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('it is not a Python plugin, its manifest says runtime = "rust"');
  });
});

describe('fidius run with a trusted key', () => {
  async function signed(): Promise<string> {
    const folder = workplace();
    await fidiusIn(folder, ['keygen', '--out', 'acme']);
    await fidiusIn(folder, ['package', 'sign', 'demo', '--key', 'acme.secret']);
    return folder;
  }
  const argv = ['run', 'demo', 'later', '1', '--key', 'acme.public', '--store', 'store'];

  it('runs a package signed with the key', async () => {
    const folder = await signed();

    expect(await fidiusIn(folder, argv)).toMatchObject({ exitCode: 0, stdout: '1\n' });
    expect(readdirSync(join(folder, 'store/content'))[0]).toMatch(/^demo-1\.0\.0-[0-9a-f]{64}/);
  });

  it('rejects a changed package', async () => {
    const folder = await signed();
    writeFileSync(join(folder, 'demo/demo.py'), `${source}\nopen("ran", "w")\n`);

    const { exitCode, stderr } = await fidiusIn(folder, argv);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^error: Cannot trust package <here>\/demo: .*; demo\.py was changed after key [0-9a-f]{16} signed the package\n/,
    );
  });

  it('runs an archive, with an interface or without', async () => {
    const folder = await signed();
    await packPackage(join(folder, 'demo'), { output: join(folder, 'demo.fid') });
    rmSync(join(folder, 'demo'), { recursive: true });
    const trusting = ['run', 'demo.fid', 'greet', '"you"', '--key', 'acme.public', '--store', 'store'];

    const alone = await fidiusIn(folder, trusting);
    const checked = await fidiusIn(folder, [...trusting, '--interface', greeterModule]);

    expect(alone).toMatchObject({ exitCode: 0, stdout: '"Hello, you"\n' });
    expect(alone.stderr).toMatch(/^note: no interface given, so the interface hash that demo\.fid declares is used: /);
    expect(checked).toMatchObject({ exitCode: 0, stdout: '"Hello, you"\n', stderr: '' });
  });
});

describe('fidius run with an archive', () => {
  it('enforces the limits, and names the option that raises them', async () => {
    const folder = workplace();
    writeFileSync(join(folder, 'demo/zeros.txt'), '0'.repeat(100_000));
    await packPackage(join(folder, 'demo'), { output: join(folder, 'demo.fid') });
    const argv = ['run', 'demo.fid', 'greet', '"you"', '--store', 'store'];

    const { exitCode, stdout, stderr } = await fidiusIn(folder, argv);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('hint: Raise --max-bytes, or --max-ratio (0 for no limit), if you trust the archive.\n');
    expect(await fidiusIn(folder, [...argv, '--max-ratio', '0'])).toMatchObject({
      exitCode: 0,
      stdout: '"Hello, you"\n',
    });
  });
});

describe('fidius run without an interface', () => {
  it.each([
    ['annotated', '__interface_hash__: int = 7\n', '0x0000000000000007'],
    ['one of several names', 'a = __interface_hash__ = 0xFF\n', '0x00000000000000ff'],
    ['the last of two', '__interface_hash__ = 1\n__interface_hash__ = 2\n', '0x0000000000000002'],
    ['the largest', `__interface_hash__ = ${2n ** 64n - 1n}\n`, '0xffffffffffffffff'],
  ])('reads a hash that is %s from the source', async (_what, line, hash) => {
    const folder = workplace(`${line}\ndef greet(): return 1\n`);

    const { exitCode, stderr } = await fidiusIn(folder, ['run', 'demo', 'greet']);

    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `note: no interface given, so the interface hash that demo declares is used: ${hash}\n`,
    });
  });

  it('finds the source of the entry module like Python: in vendor first, in packages and namespaces', async () => {
    const folder = tempFolder();
    const manifest = pythonManifest('demo').replace('entry_module = "demo"', 'entry_module = "inner.entry"');
    fill(join(folder, 'demo'), {
      'package.toml': manifest,
      'inner/entry/__init__.py': '__interface_hash__ = 5\ndef which(): return "inner"\n',
      'inner/entry.py': 'raise SystemExit',
    });
    const [first, second] = [folder, tempFolder()];
    fill(join(second, 'demo'), {
      'package.toml': pythonManifest('demo'),
      'demo.py': 'raise SystemExit',
      'vendor/demo.py': '__interface_hash__ = 6\ndef which(): return "vendored"\n',
    });

    expect(await fidiusIn(first, ['run', 'demo', 'which'])).toMatchObject({ exitCode: 0, stdout: '"inner"\n' });
    expect(await fidiusIn(second, ['run', 'demo', 'which'])).toMatchObject({ exitCode: 0, stdout: '"vendored"\n' });
  });

  it.each([
    ['computed', '__interface_hash__ = 2 ** 8'],
    ['no number', '__interface_hash__ = "5"'],
    ['a truth', '__interface_hash__ = True'],
    ['too large', `__interface_hash__ = ${2n ** 64n}`],
    ['nowhere', 'hash = 5'],
    ['assigned inside a function', 'def f(): __interface_hash__ = 5'],
  ])('rejects a hash that is %s, without running the module', async (_what, line) => {
    const folder = workplace(`${line}\nopen("ran", "w")\ndef greet(): return 1\n`);

    const { exitCode, stderr } = await fidiusIn(folder, ['run', 'demo', 'greet']);

    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error: Cannot load <here>/demo: <here>/demo/demo.py does not show which interface it implements: ' +
        'it assigns no number to __interface_hash__\nhint: Name the interface with --interface.\n',
    );
  });

  it.each([
    ['is not Python', 'def greet(:\n', 'SyntaxError'],
    ['cannot be decoded', '# coding: nonsense\n', 'nonsense'],
  ])('reports a module that %s', async (_what, text, reason) => {
    const { exitCode, stderr } = await fidiusIn(workplace(text), ['run', 'demo', 'greet']);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: Cannot load <here>\/demo: /);
    expect(stderr).toContain(reason);
  });
});

describe('fidius run with an interface', () => {
  const run = (folder: string, ...argv: readonly string[]) => fidiusIn(folder, ['run', 'demo', ...argv]);

  it('checks package and call against it, and prints no note', async () => {
    const outcome = await run(workplace(), 'greet', '"World"', '--interface', greeterModule);

    expect(outcome).toMatchObject({ exitCode: 0, stdout: '"Hello, World"\n', stderr: '' });
  });

  it('detects raw methods', async () => {
    const folder = workplace(source.replace(/0x[\w]+/, '0x0'), 'Codec');
    const hash = /declares 0x0{16}, the host expects (0x\w+)/;
    const mismatch = await run(folder, 'reverse', '--interface', `${rawModule}#Codec`);
    writeFileSync(join(folder, 'demo/demo.py'), source.replace(/0x[\w]+/, hash.exec(mismatch.stderr)?.[1] ?? '?'));

    const argv = ['run', 'demo', 'reverse', '--interface', `${rawModule}#Codec`];
    const { exitCode, bytes } = await fidiusIn(folder, argv, { stdin: 'abc' });

    expect({ exitCode, text: bytes.toString() }).toEqual({ exitCode: 0, text: 'cba' });
  });

  it.each([
    ['an argument of the wrong type', ['greet', '5', '--interface', greeterModule], 1],
    ['too few arguments', ['greet', '--interface', greeterModule], 1],
    ['an unknown method', ['gret', '--interface', greeterModule], 1],
    ['a typed method with --raw', ['greet', '--raw', '--interface', greeterModule], 2],
    ['a module with several interfaces', ['greet', '--interface', rawModule], 1],
    ['an interface that the module does not export', ['greet', '--interface', `${greeterModule}#Other`], 1],
    ['another interface', ['tick', '--interface', `${rawModule}#Clock`], 1],
  ])('fails with %s', async (_what, argv, expected) => {
    const { exitCode, stdout, stderr } = await run(workplace(), ...argv);

    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr.replaceAll(join(import.meta.dirname, '../fixtures'), '<fixtures>')).toMatchSnapshot();
  });

  it('prints each item of a method that returns a stream on a line', async () => {
    const streaming = `__interface_hash__ = 0xTICKER\ndef tick():\n    yield 1\n    yield 2\n`;
    const { hashHex } = (await import('../fixtures/interfaces/raw.ts')).Ticker;
    const folder = workplace(streaming.replace('0xTICKER', hashHex), 'Ticker');

    const outcome = await run(folder, 'tick', '--interface', `${rawModule}#Ticker`);

    expect(outcome).toMatchObject({ exitCode: 0, stdout: '1\n2\n' });
  });
});

describe('the process of fidius run', () => {
  it.each([[[]], [['--executor', 'process']]])(
    'runs the exit handlers of the plugin, and keeps its own exit code %j',
    (options) => {
      const folder = workplace(
        `import atexit\n__interface_hash__ = 1\natexit.register(print, "bye")\ndef go(): return 5\n`,
      );

      const { exitCode, stdout, stderr } = runFidius(['run', 'demo', 'go', ...options], { cwd: folder });

      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '5\n' });
      expect(stderr).toMatch(/bye\n$/);
    },
  );
});

describe('fidius run --timeout', () => {
  it.each([
    ['Python code', 'while True: pass'],
    ['C code', 'sum(range(10 ** 15))'],
  ])('cancels a call of %s', (_what, code) => {
    const folder = workplace(`__interface_hash__ = 1\ndef spin():\n    ${code}\n`);

    const { exitCode, stdout, stderr } = runFidius(['run', 'demo', 'spin', '--timeout', '2', '-q'], { cwd: folder });

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(
      'error: spin() did not end within the 2 s that load and call may take\nhint: Raise --timeout.\n',
    );
  });

  it('cancels a load', async () => {
    const folder = workplace('__interface_hash__ = 1\nwhile True: pass\n');

    const { exitCode, stderr } = await fidiusIn(folder, ['run', 'demo', 'greet', '--timeout', '1.5', '-q']);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^error: Loading demo from <here>\/demo timed out after 1500 ms.*\nhint: Raise --timeout\.\n$/,
    );
  });

  it('does not affect a call that ends in time', async () => {
    expect(await fidiusIn(workplace(), ['run', 'demo', 'later', '1', '--timeout', '50'])).toMatchObject({
      exitCode: 0,
      stdout: '1\n',
    });
  });
});

describe('the module of an interface', () => {
  it('prints to standard error, and not between the results', () => {
    const folder = workplace();
    const module = `
console.log('a log of the module');
process.stdout.write('a write of the module\\n');
export * from ${JSON.stringify(greeterModule)};
`;
    writeFileSync(join(folder, 'chatty.ts'), module);

    const argv = ['run', 'demo', 'greet', '"you"', '--interface', 'chatty.ts'];
    // The module imports the library, which is not installed in this folder: it is taken from the sources.
    const env = { ...process.env, TSX_TSCONFIG_PATH: join(import.meta.dirname, '../../tsconfig.json') };
    const { exitCode, stdout, stderr } = runFidius(argv, { cwd: folder, env });

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '"Hello, you"\n' });
    expect(stderr).toBe('a log of the module\na write of the module\nprinted by the plugin\n');
  });
});
