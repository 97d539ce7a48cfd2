import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPackages, python, refusal, writeFiles } from '../support/module-packages.ts';
import { byteCodeIn, interpreterState } from '../support/observer.ts';

const runs = (...lines: readonly string[]) => ['def run(arg):', ...lines.map((line) => `    ${line}`)];

const library = [
  'count = 0',
  'class Failure(Exception): pass',
  'class Thing: pass',
  'def fail(): raise Failure()',
  'def counted():',
  '    global count',
  '    count += 1',
  '    return count',
  '',
].join('\n');

/** Says whether the library is still the one that was imported with the module. */
const examines = {
  main: [
    'import pickle, sharing_library',
    'from sharing_library import Failure, Thing',
    'thing = Thing()',
    ...runs(
      'import sharing_library as again',
      'try: again.fail()',
      'except Failure: pass',
      'return [again is sharing_library, type(pickle.loads(pickle.dumps(thing))) is Thing, again.counted()]',
    ),
  ],
  files: { 'vendor/sharing_library.py': library },
};

/** An extension module of this Python that lies in a file, and takes any name of a package around it. */
async function extension(): Promise<{ readonly name: string; readonly file: string } | undefined> {
  const found = (await python(
    'import importlib.machinery, os, sysconfig',
    'folder = sysconfig.get_path("platstdlib") + "/lib-dynload"',
    'find = lambda name: importlib.machinery.PathFinder.find_spec(name, [folder])',
    'specs = [find(name) for name in ("_bisect", "_heapq", "_queue", "_csv", "_statistics")]',
    'result = [[spec.name, spec.origin] for spec in specs if spec is not None][:1]',
  )) as [string, string][];
  return found.map(([name, file]) => ({ name, file }))[0];
}

describe.each(['inline', 'thread'] as const)('with the executor %s', (executor) => {
  it('packages share a module that is the same in both, and closing one changes nothing for the other', async () => {
    const { load } = await openPackages(executor, { sharing_first: examines, sharing_second: examines });
    const first = await load('sharing_first');
    const second = await load('sharing_second');

    expect(await second.client.run(null)).toEqual([true, true, 1]);
    await first.close();
    expect(await second.client.run(null)).toEqual([true, true, 2]);
    const again = await load('sharing_first');
    expect(await again.client.run(null)).toEqual([true, true, 3]);
    await second.close();
    expect(await again.client.run(null)).toEqual([true, true, 4]);
    await again.close();
    expect(await (await load('sharing_second')).client.run(null)).toEqual([true, true, 1]);
  });

  it('packages do not share a module when what it has imported differs', async () => {
    const make = (version: string) => ({
      main: ['import sharing_outer', ...runs('return sharing_outer.sharing_inner.version')],
      files: {
        'vendor/sharing_outer.py': 'import sharing_inner\n',
        'vendor/sharing_inner.py': `version = '${version}'\n`,
      },
    });
    const { load, path } = await openPackages(executor, { sharing_first: make('1'), sharing_second: make('2') });
    const first = await load('sharing_first');

    const error = await refusal(() => load('sharing_second'));

    expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
    expect(error.message).toContain(path('sharing_first', 'vendor/sharing_inner.py'));
    expect(error.message).toContain(path('sharing_second', 'vendor/sharing_inner.py'));
    expect(await first.client.run(null)).toBe('1');
  });

  it.each([
    ['has one the other lacks', { 'vendor/sharing_inner.py': 'version = 1\n' }, {}],
    ['lacks one the other has', {}, { 'vendor/sharing_inner.py': 'version = 1\n' }],
  ])('packages do not share a module with an optional import when the first %s', async (_, first, second) => {
    const make = (files: Readonly<Record<string, string>>) => ({
      main: ['import sharing_outer', ...runs('return sharing_outer.found')],
      files: {
        'vendor/sharing_outer.py':
          'try:\n    import sharing_inner as found\n    found = True\nexcept ImportError: found = False\n',
        ...files,
      },
    });
    const { load } = await openPackages(executor, { sharing_first: make(first), sharing_second: make(second) });
    await load('sharing_first');

    expect(await refusal(() => load('sharing_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('a shared module imports late only what is the same for all that share it', async () => {
    const make = (version: string) => ({
      main: ['import sharing_outer', ...runs('return sharing_outer.late()')],
      files: {
        'vendor/sharing_outer.py': 'def late():\n    import sharing_inner\n    return sharing_inner.version\n',
        'vendor/sharing_inner.py': `version = '${version}'\n`,
      },
    });
    const { load, path } = await openPackages(executor, { sharing_first: make('1'), sharing_second: make('2') });
    const first = await load('sharing_first');
    await load('sharing_second');

    const error = await refusal(() => first.client.run(null));

    expect(error.message).toContain(path('sharing_first', 'vendor/sharing_inner.py'));
    expect(error.message).toContain(path('sharing_second', 'vendor/sharing_inner.py'));
  });

  it('a collision that a package catches refuses it all the same', async () => {
    const make = (owner: string) => ({
      main: ['try:', '    import sharing_optional', 'except ImportError: pass', ...runs('return 1')],
      files: { 'lib/sharing_optional.py': `owner = '${owner}'\n` },
    });
    const insert = 'import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))';
    const [first, second] = [make('1'), make('2')].map((each) => ({ ...each, main: [insert, ...each.main] }));
    const { load } = await openPackages(executor, { sharing_first: first!, sharing_second: second! });
    await load('sharing_first');

    expect(await refusal(() => load('sharing_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('two copies of one package are open side by side and share their modules', async () => {
    const main = ['import sharing_helper', ...runs('return sharing_helper.counted()')];
    const one = { main, files: { 'sharing_helper.py': `${library}\nwhere = __file__\n` } };
    const first = await openPackages(executor, { sharing_copy: one });
    const second = await openPackages(executor, { sharing_copy: one });
    const [original, copy] = [await first.load('sharing_copy'), await second.load('sharing_copy')];

    expect([await original.client.run(null), await copy.client.run(null)]).toEqual([1, 2]);
    await original.close();
    expect(await copy.client.run(null)).toBe(3);
  });

  it('code that reads the files next to it is shared only by packages that are equal as a whole', async () => {
    const make = (text: string) => ({
      main: ['import sharing_reader', ...runs('return sharing_reader.read()')],
      files: {
        'sharing_reader.py':
          'import os\ndef read(): return open(os.path.join(os.path.dirname(__file__), "data.txt")).read()\n',
        'data.txt': text,
      },
    });
    const { load } = await openPackages(executor, { sharing_first: make('first'), sharing_second: make('second') });
    const first = await load('sharing_first');

    expect(await refusal(() => load('sharing_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
    expect(await first.client.run(null)).toBe('first');
  });

  it('data files of a vendored library count as its code', async () => {
    const make = (text: string) => ({
      main: ['import sharing_data', ...runs('return 1')],
      files: { 'vendor/sharing_data/__init__.py': '', 'vendor/sharing_data/table.csv': text },
    });
    const { load } = await openPackages(executor, { sharing_first: make('1'), sharing_second: make('2') });
    await load('sharing_first');

    expect(await refusal(() => load('sharing_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('byte-code without source is code, and is compared', async () => {
    const packages = {
      sharing_first: { main: ['import sharing_compiled', ...runs('return sharing_compiled.owner')] },
      sharing_second: { main: ['import sharing_compiled', ...runs('return sharing_compiled.owner')] },
      sharing_third: { main: ['import sharing_compiled', ...runs('return sharing_compiled.owner')] },
    };
    const { load, path } = await openPackages(executor, packages);
    for (const [name, owner] of [
      ['sharing_first', 'a'],
      ['sharing_second', 'b'],
      ['sharing_third', 'a'],
    ] as const) {
      const file = path(name, 'sharing_compiled.py');
      writeFileSync(file, `owner = '${owner}'\n`);
      await python(
        'import py_compile',
        `py_compile.compile(${JSON.stringify(file)}, ${JSON.stringify(`${file}c`)}, "sharing_compiled.py")`,
      );
      rmSync(file);
    }
    // Byte-code holds the time of its source.
    writeFileSync(
      path('sharing_third', 'sharing_compiled.pyc'),
      readFileSync(path('sharing_first', 'sharing_compiled.pyc')),
    );
    const first = await load('sharing_first');

    expect(await first.client.run(null)).toBe('a');
    expect(await refusal(() => load('sharing_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
    expect(await (await load('sharing_third')).client.run(null)).toBe('a');
  });

  it('byte-code in __pycache__ is not run, and none is written', async () => {
    const { load, path } = await openPackages(executor, {
      sharing_first: {
        main: ['import sharing_cached', ...runs('return sharing_cached.owner')],
        files: { 'sharing_cached.py': "owner = 'source'\n", 'other.py': "owner = 'byte-code'\n" },
      },
    });
    await python(
      'import importlib.util, py_compile',
      `cached = importlib.util.cache_from_source(${JSON.stringify(path('sharing_first', 'sharing_cached.py'))})`,
      `py_compile.compile(${JSON.stringify(path('sharing_first', 'other.py'))}, cached, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)`,
    );
    const before = byteCodeIn(path('sharing_first'));

    expect(before).toHaveLength(1);
    expect(await (await load('sharing_first')).client.run(null)).toBe('source');
    expect(byteCodeIn(path('sharing_first'))).toEqual(before);
  });

  it('a package leaves nothing behind, whatever it has put on sys.path, when its load fails or it is closed', async () => {
    const insert =
      'import os, sys; sys.path[:0] = [os.path.join(os.path.dirname(__file__), "a", "..", "lib"), os.path.dirname(__file__) + "/lib2"]';
    const make = (last: string) => ({
      main: [insert, 'import left_one, left_two, left_package.sub', last, ...runs('return 1')],
      files: {
        'a/b.txt': '',
        'lib/left_one.py': '',
        'lib2/left_two.py': '',
        'vendor/left_package/__init__.py':
          'import sys, types\nsys.modules["left_package.made"] = types.ModuleType("left_package.made")\n',
        'vendor/left_package/sub.py': '',
      },
    });
    const { load } = await openPackages(executor, { left_failing: make('1 / 0'), left_working: make('') });
    const names = () =>
      python('import sys', 'result = sorted(name for name in sys.modules if name.startswith("left_"))');
    const before = await interpreterState();

    expect(await refusal(() => load('left_failing'))).toMatchObject({ code: 'FIDIUS_IMPORT_FAILED' });
    expect(await interpreterState()).toEqual(before);
    expect(await names()).toEqual([]);
    const working = await load('left_working');
    expect(await names()).toContain('left_package.made');
    await working.close();
    expect(await interpreterState()).toEqual(before);
    expect(await names()).toEqual([]);
  });

  it('the memory of a closed package comes back without waiting for the collector', async () => {
    const { load } = await openPackages(executor, {
      sharing_first: {
        main: [
          'import sys',
          'from fidius import method',
          'class Cycle: pass',
          'kept = Cycle(); kept.itself = kept',
          '@method',
          ...runs('sys.sharing_watch(kept)', 'return 1'),
        ],
      },
    });
    await python(
      'import gc, sys, weakref',
      'gc.disable()',
      'sys.sharing_refs = []',
      'sys.sharing_watch = lambda each: sys.sharing_refs.append(weakref.ref(each))',
    );
    try {
      const plugin = await load('sharing_first');
      await plugin.client.run(null);
      await plugin.close();

      expect(await python('import sys', 'result = [each() is None for each in sys.sharing_refs]')).toEqual([true]);
    } finally {
      await python('import gc, sys', 'gc.enable()', 'del sys.sharing_refs, sys.sharing_watch');
    }
  });

  it('after an upgrade an older compiled module is reused when it is equal, and else refused with both files', async () => {
    const native = await extension();
    if (native === undefined) return; // this Python has all of them built in
    const unique = `sharing_native_${executor}`;
    const make = (version: string) => ({
      main: [`import ${unique} as native, sharing_helper`, ...runs('return [native.version, sharing_helper.version]')],
      files: {
        [`vendor/${unique}/__init__.py`]: `from . import ${native.name}\nversion = '${version}'\n`,
        'sharing_helper.py': `version = '${version}'\n`,
      },
    });
    const { load, path } = await openPackages(executor, { sharing_native: make('1') });
    const copy = (folder: string) =>
      writeFileSync(join(folder, 'vendor', unique, native.file.split('/').at(-1) ?? ''), readFileSync(native.file));
    copy(path('sharing_native'));
    const first = await load('sharing_native');
    expect(await first.client.run(null)).toEqual(['1', '1']);
    await first.close();

    // The plugin itself is upgraded in its place, the compiled dependency is written again with the same bytes.
    rmSync(path('sharing_native', 'vendor'), { recursive: true });
    writeFiles(path('sharing_native'), { ...make('1').files, 'sharing_helper.py': "version = '2'\n" });
    copy(path('sharing_native'));
    const second = await load('sharing_native');
    expect(await second.client.run(null)).toEqual(['1', '2']);
    await second.close();

    writeFiles(path('sharing_native'), make('3').files);
    const error = await refusal(() => load('sharing_native'));
    expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
    expect(error.message).toContain('compiled');
    expect(error.message).toContain(path('sharing_native', 'vendor', unique));
    expect(error).toMatchObject({ hint: expect.stringContaining('Restart the process') });
    expect(existsSync(path('sharing_native'))).toBe(true);
  });

  it('an entry module may replace itself by an object, which is closed with the package', async () => {
    const main = [
      'import sys, types',
      'hash = __interface_hash__',
      'class Lazy(types.ModuleType):',
      '    __interface_hash__ = hash',
      '    def run(self, arg): return "from the object"',
      'sys.modules[__name__] = Lazy(__name__)',
    ];
    const { load, path } = await openPackages(executor, {
      sharing_object: { main },
      sharing_second: { main: runs('import sharing_object', 'return 1') },
    });
    const plugin = await load('sharing_object');
    const second = await load('sharing_second');

    expect(await plugin.client.run(null)).toBe('from the object');
    expect(plugin.info.path).toBe(path('sharing_object'));
    expect((await refusal(() => second.client.run(null))).message).toContain("No module named 'sharing_object'");
    await plugin.close();
    expect(await python('import sys', 'result = "sharing_object" in sys.modules')).toBe(false);
  });
});
