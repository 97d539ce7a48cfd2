import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type InterfaceDescriptor,
  InterfaceHashMismatchError,
  isPluginError,
  LoadError,
  loadPythonPlugin,
  PluginError,
} from '../../src/index.ts';
import { descriptorOf, testHash } from '../support/descriptors.ts';
import { failureOf } from '../support/failure.ts';
import { byteCodeIn, interpreterState } from '../support/observer.ts';
import { manifestText, moduleText, writePackage } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Loading that must fail; also proves that nothing of it stays in the interpreter. */
async function refusalOf(folder: string, descriptor: InterfaceDescriptor = descriptorOf('greet')) {
  const before = await interpreterState();
  const error = await failureOf(async () => loadPythonPlugin(folder, descriptor));
  expect(await interpreterState()).toEqual(before);
  return error;
}

/** A package whose entry module has these lines after the hash. */
function packageWith(...lines: readonly string[]): string {
  return writePackage({ files: { 'probe_main.py': moduleText(...lines) } });
}

describe('loadPythonPlugin', () => {
  it('loads a package and calls its methods by index', async () => {
    const folder = packageWith("def greet(name): return 'Hello, ' + name", 'def flip(data): return data[::-1]');
    using handle = await loadPythonPlugin(folder, descriptorOf('greet', '!flip'));

    expect(handle.methodCount).toBe(2);
    expect(handle.callTyped(0, ['World'])).toBe('Hello, World');
    expect(handle.callRaw(1, Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(3, 2, 1));
  });

  it('searches vendor before the package, and both before everything else', async () => {
    const folder = writePackage({
      files: {
        'probe_main.py': moduleText(
          'import sys, helper',
          'def path(): return sys.path[:2]',
          'def which(): return helper.here',
        ),
        'helper.py': "here = 'package'",
        'vendor/helper.py': "here = 'vendor'",
      },
    });
    using handle = await loadPythonPlugin(folder, descriptorOf('path', 'which'));

    expect(handle.callTyped(0)).toEqual([`${folder}/vendor`, folder]);
    expect(handle.callTyped(1)).toBe('vendor');
  });

  it('puts a package on the search path once, however often it is loaded', async () => {
    const folder = packageWith('import sys', 'def path(): return sys.path');
    using first = await loadPythonPlugin(folder, descriptorOf('path'));
    using second = await loadPythonPlugin(folder, descriptorOf('path'));

    const path = second.callTyped(0) as string[];
    expect(path.filter((entry) => entry.startsWith(folder))).toEqual([`${folder}/vendor`, folder]);
    expect(first.callTyped(0)).toEqual(path);
  });

  it('finds the SDK for a package that does not vendor it', async () => {
    const folder = packageWith('from fidius import method', '@method', "def greet(name): return 'Hi ' + name");
    using handle = await loadPythonPlugin(folder, descriptorOf('greet'));

    expect(handle.callTyped(0, 'you')).toBe('Hi you');
  });

  it('writes no byte-code into a package', async () => {
    const folder = writePackage({
      files: { 'probe_main.py': moduleText('import helper', 'def greet(): pass'), 'helper.py': '' },
    });
    using _handle = await loadPythonPlugin(folder, descriptorOf('greet'));

    expect(byteCodeIn(folder)).toEqual([]);
  });

  it('loads from a folder with a space, other scripts and a link in its path', async () => {
    const parent = tempFolder('ein Ordner – 文件夹 ');
    const real = join(parent, 'wahre Lage');
    mkdirSync(real);
    writePackage({ folder: real, files: { 'probe_main.py': moduleText("def greet(): return 'grüß dich'") } });
    const link = join(parent, 'Verknüpfung');
    symlinkSync(real, link);

    using direct = await loadPythonPlugin(real, descriptorOf('greet'));
    using linked = await loadPythonPlugin(link, descriptorOf('greet'));

    expect(direct.callTyped(0)).toBe('grüß dich');
    expect(linked.callTyped(0)).toBe('grüß dich');
  });

  it('accepts a hash that is an int subclass or has __index__, as the Rust host does', async () => {
    const folder = writePackage({
      files: {
        'probe_main.py': `class H:\n    def __index__(self): return ${testHash}\n__interface_hash__ = H()\ndef greet(): return 1\n`,
      },
    });
    using handle = await loadPythonPlugin(folder, descriptorOf('greet'));

    expect(handle.callTyped(0)).toBe(1);
  });

  it('loads a plugin without an optional method, and says so when it is called', async () => {
    using handle = await loadPythonPlugin(packageWith('def greet(): return 1'), descriptorOf('greet', 'extra?'));

    const error = await failureOf(() => handle.callTyped(1));

    expect(handle.methodKind(1)).toBe('absent');
    expect(error.code).toBe('FIDIUS_CALL_NOT_SUPPORTED');
    expect(error.message).toBe('Plugin probe does not implement extra()');
  });

  it('unloads the modules of a package with its last handle, and loads the changed package again', async () => {
    const folder = packageWith('def greet(): return 1');
    const first = await loadPythonPlugin(folder, descriptorOf('greet'));
    const second = await loadPythonPlugin(folder, descriptorOf('greet'));
    first.close();
    expect(second.callTyped(0)).toBe(1);
    second.close();

    writeFileSync(join(folder, 'probe_main.py'), moduleText('def greet(): return 2'));
    using third = await loadPythonPlugin(folder, descriptorOf('greet'));

    expect(third.callTyped(0)).toBe(2);
  });
});

describe('loadPythonPlugin refuses, and leaves nothing behind', () => {
  it('a folder that is not there', async () => {
    const error = await refusalOf(join(tempFolder(), 'missing'));

    expect(error.code).toBe('FIDIUS_MANIFEST_NOT_FOUND');
  });

  it.each(['rust', 'wasm'])('a package of runtime %s', async (runtime) => {
    const section = runtime === 'wasm' ? '[wasm]\ncomponent = "x.wasm"\n' : '';
    const manifest = `[package]\nname = "x"\nversion = "1"\ninterface = "I"\ninterface_version = 1\nruntime = "${runtime}"\n[metadata]\n${section}`;

    const error = await refusalOf(writePackage({ manifest }));

    expect(error.code).toBe('FIDIUS_RUNTIME_NOT_PYTHON');
    expect(error.message).toContain(`runtime = "${runtime}"`);
  });

  it.each([[''], ['/absolute/path'], ['.relative'], ['a..b'], ['a b'], ['1st'], ['main.py/']])(
    'the entry module name %j',
    async (entryModule) => {
      const error = await refusalOf(writePackage({ entryModule }));

      expect(error.code).toBe('FIDIUS_ENTRY_MODULE_INVALID');
      expect(error.message).toContain(JSON.stringify(entryModule));
    },
  );

  it.each([['missing_module'], ['probe_main.missing'], ['no_package.main']])(
    'the entry module %s',
    async (entryModule) => {
      const error = await refusalOf(writePackage({ entryModule, files: { 'probe_main.py': moduleText() } }));

      expect(error.code).toBe('FIDIUS_ENTRY_MODULE_NOT_FOUND');
      expect(error).toBeInstanceOf(LoadError);
      expect((error as LoadError).module).toBe(entryModule);
    },
  );

  it.each([
    ['raises', ['raise ValueError("not today")'], 'ValueError', 'not today'],
    ['has a syntax error', ['def broken(:'], 'SyntaxError', 'invalid syntax'],
    ['calls sys.exit', ['import sys', 'sys.exit(3)'], 'SystemExit', '3'],
    ['raises KeyboardInterrupt', ['raise KeyboardInterrupt'], 'KeyboardInterrupt', ''],
    ['imports what is not there', ['import no_such_dependency'], 'ModuleNotFoundError', 'no_such_dependency'],
  ])('an entry module that %s', async (_what, lines, pythonType, text) => {
    const error = await refusalOf(packageWith(...lines));

    expect(error.code).toBe('FIDIUS_IMPORT_FAILED');
    expect(error.message).toMatch(
      new RegExp(`importing probe_main failed(?: at .*probe_main\\.py:\\d+)? with ${pythonType}`),
    );
    expect(isPluginError(error.cause)).toBe(true);
    expect((error.cause as PluginError).pythonType).toBe(pythonType);
    expect((error.cause as PluginError).traceback).toContain(text);
  });

  it('a package after a failed load of it, for the reason of now and not of then', async () => {
    const folder = packageWith(
      'from fidius import method',
      '@method',
      'def greet(): pass',
      'raise ValueError("first")',
    );
    await refusalOf(folder);
    writeFileSync(
      join(folder, 'probe_main.py'),
      moduleText('from fidius import method', '@method', 'def greet(): return 1'),
    );

    using handle = await loadPythonPlugin(folder, descriptorOf('greet'));

    expect(handle.callTyped(0)).toBe(1);
  });

  it.each(['json', 'sys', 'antigravity', 'email.mime'])(
    'an entry module named %s, like the standard library',
    async (name) => {
      const file = `${name.replaceAll('.', '/')}.py`;
      const error = await refusalOf(
        writePackage({ entryModule: name, files: { [file]: moduleText('def greet(): pass') } }),
      );

      expect(error.code).toBe('FIDIUS_ENTRY_MODULE_FOREIGN');
      expect(error.message).toContain('the standard library');
    },
  );

  it('an entry module that lies elsewhere on the search path', async () => {
    const error = await refusalOf(writePackage({ entryModule: 'fidius', files: {} }));

    expect(error.code).toBe('FIDIUS_ENTRY_MODULE_FOREIGN');
  });

  it('a module without interface hash', async () => {
    const folder = writePackage({ files: { 'probe_main.py': 'def greet(): pass\n' } });

    const error = await refusalOf(folder);

    expect(error.code).toBe('FIDIUS_INTERFACE_HASH_MISSING');
    expect(error).toMatchObject({ path: folder, module: 'probe_main', attribute: '__interface_hash__' });
  });

  it.each([
    ["'0x0123456789abcdef'", 'must be an int, is a str'],
    ['1.5', 'must be an int, is a float'],
    ['None', 'must be an int, is a NoneType'],
    ['-1', 'must be from 0 to 2^64 - 1, is -1'],
    ['2**64', 'must be from 0 to 2^64 - 1, is 18446744073709551616'],
    ['10**1000', 'must be from 0 to 2^64 - 1, is an integer of 1001 digits'],
  ])('the interface hash %s', async (source, problem) => {
    const error = await refusalOf(writePackage({ files: { 'probe_main.py': `__interface_hash__ = ${source}\n` } }));

    expect(error.code).toBe('FIDIUS_INTERFACE_HASH_INVALID');
    expect(error.message).toContain(problem);
  });

  it('another interface hash, with both as 16 digits', async () => {
    const folder = writePackage({ files: { 'probe_main.py': '__interface_hash__ = 0xff\ndef greet(): pass\n' } });

    const error = await refusalOf(folder);

    expect(error).toBeInstanceOf(InterfaceHashMismatchError);
    expect(error).toMatchObject({
      code: 'FIDIUS_INTERFACE_HASH_MISMATCH',
      got: 0xffn,
      expected: testHash,
      interface: 'Probe',
    });
    expect(error.message).toContain('declares 0x00000000000000ff, the host expects 0x0123456789abcdef');
  });

  it('a hash that the other spelling of the types would give, and says so', async () => {
    const folder = writePackage({ files: { 'probe_main.py': '__interface_hash__ = 0xff\n' } });

    const error = await refusalOf(folder, { ...descriptorOf(), standaloneHash: 0xffn });

    expect(error.hint).toContain('other spelling');
  });

  it('a hash as the stub generator of the Rust tool writes it, and says so', async () => {
    const folder = writePackage({ files: { 'probe_main.py': '__interface_hash__ = 0xff\n' } });

    const error = await refusalOf(folder, { ...descriptorOf(), standaloneHash: 0xfen, rustStubHash: 0xffn });

    expect(error.hint).toContain('python-stub');
  });

  it('a missing method', async () => {
    const error = await refusalOf(packageWith('def other(): pass'));

    expect(error).toMatchObject({
      code: 'FIDIUS_METHOD_MISSING',
      method: 'greet',
      interface: 'Probe',
      module: 'probe_main',
    });
  });

  it('a missing method whose name is nearly that of a function, and names it', async () => {
    const error = await refusalOf(packageWith('def gret(): pass'));

    expect(error).toMatchObject({ code: 'FIDIUS_METHOD_MISSING', hint: 'Rename gret() to greet().' });
  });

  it('a missing method of a module that makes its methods when it is configured, and says so', async () => {
    const error = await refusalOf(packageWith('def __fidius_configure__(config): return object()'));

    expect(error).toMatchObject({
      code: 'FIDIUS_METHOD_MISSING',
      hint: expect.stringContaining('__fidius_configure__(): declare `config` in the interface'),
    });
  });

  it('something under the name of a method that cannot be called', async () => {
    const error = await refusalOf(packageWith("greet = 'hello'"));

    expect(error.code).toBe('FIDIUS_METHOD_NOT_CALLABLE');
    expect(error.message).toContain('greet of entry module probe_main is a str, not a function');
  });

  it('a second package with the same entry module, naming both', async () => {
    const first = packageWith('def greet(): return "first"');
    const second = packageWith('def greet(): return "second"');
    using handle = await loadPythonPlugin(first, descriptorOf('greet'));

    const error = await refusalOf(second);

    expect(error.code).toBe('FIDIUS_MODULE_COLLISION');
    expect(error.message).toContain(join(first, 'probe_main.py'));
    expect(error.message).toContain(join(second, 'probe_main.py'));
    expect(error).toMatchObject({ collidingPaths: [join(first, 'probe_main.py'), join(second, 'probe_main.py')] });
    expect(handle.callTyped(0)).toBe('first');
  });

  it('a second package with another helper module of the same name', async () => {
    const make = (name: string) =>
      writePackage({
        name,
        entryModule: name,
        files: {
          [`${name}.py`]: moduleText('import shared_helper', 'def greet(): return shared_helper.who'),
          'shared_helper.py': `who = '${name}'`,
        },
      });
    using _first = await loadPythonPlugin(make('collide_one'), descriptorOf('greet'));

    const error = await refusalOf(make('collide_two'));

    expect(error.code).toBe('FIDIUS_MODULE_COLLISION');
    expect(error.message).toContain('shared_helper');
  });

  it('options that are misspelt', async () => {
    const options = { pyhton: '/usr/bin/python3' } as object;

    const error = await failureOf(async () => loadPythonPlugin(packageWith(), descriptorOf(), options));

    expect(error).toMatchObject({ code: 'FIDIUS_OPTION_UNKNOWN', hint: 'Write "python".' });
  });

  it.each([[undefined], [''], [7], [null]])('the package folder %j', async (folder) => {
    const error = await failureOf(async () => loadPythonPlugin(folder as string, descriptorOf()));

    expect(error.code).toBe('FIDIUS_ARGUMENT_INVALID');
  });

  it('a descriptor that is none', async () => {
    const error = await failureOf(async () => loadPythonPlugin(packageWith(), {} as InterfaceDescriptor));

    expect(error.code).toBe('FIDIUS_ARGUMENT_INVALID');
  });
});

describe('packages that share module names', () => {
  it('may hold the same module, byte for byte', async () => {
    const make = (name: string) =>
      writePackage({
        name,
        entryModule: name,
        files: {
          [`${name}.py`]: moduleText('import same_lib', 'def greet(): return same_lib.x'),
          'vendor/same_lib/__init__.py': 'x = 1\n',
        },
      });
    using first = await loadPythonPlugin(make('same_one'), descriptorOf('greet'));
    using second = await loadPythonPlugin(make('same_two'), descriptorOf('greet'));

    expect([first.callTyped(0), second.callTyped(0)]).toEqual([1, 1]);
  });

  it('get it from the first that imports it in a call, and the second gets an error that names both', async () => {
    const make = (name: string) =>
      writePackage({
        name,
        entryModule: name,
        files: {
          [`${name}.py`]: moduleText('def greet():', '    import late_lib', '    return late_lib.x'),
          'late_lib.py': `x = '${name}'\n`,
        },
      });
    const folders = [make('late_one'), make('late_two')] as const;
    using first = await loadPythonPlugin(folders[0], descriptorOf('greet'));
    using second = await loadPythonPlugin(folders[1], descriptorOf('greet'));

    expect(first.callTyped(0)).toBe('late_one');
    const attempt = () => second.callTyped(0);

    expect(attempt).toThrow(PluginError);
    expect(attempt).toThrow(join(folders[0], 'late_lib.py'));
    expect(attempt).toThrow(join(folders[1], 'late_lib.py'));
  });
});

it('keeps the name of a package as its manifest gives it', async () => {
  const folder = writePackage({
    manifest: manifestText('Überraschung ☂', 'probe_main'),
    files: { 'probe_main.py': moduleText() },
  });
  using handle = await loadPythonPlugin(folder, descriptorOf());

  expect(handle.name).toBe('Überraschung ☂');
  expect(basename(folder)).not.toBe(handle.name);
});
