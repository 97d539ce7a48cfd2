import { describe, expect, it } from 'vitest';
import { PluginError } from '../../src/index.ts';
import { installModules, openPackages, python, refusal } from '../support/module-packages.ts';

/** Ways of code to ask for the module `spare`; each returns its `owner`. */
const ways: Readonly<Record<string, readonly string[]>> = {
  'an import in a function': ['import spare', 'return spare.owner'],
  'from … import': ['from spare import owner', 'return owner'],
  '__import__()': ['return __import__("spare").owner'],
  'importlib.import_module()': ['import importlib', 'return importlib.import_module("spare").owner'],
  'code made from text': ['scope = {}', 'exec("import spare\\nowner = spare.owner", scope)', 'return scope["owner"]'],
  'pkgutil.resolve_name()': ['import pkgutil', 'return pkgutil.resolve_name("spare:owner")'],
  'pickle.loads()': ['import pickle', 'return pickle.loads(b"cspare\\nowner\\n.")'],
  'the configuration of logging': [
    'import logging.config',
    'given = {"version": 1, "handlers": {"spare": {"()": "spare.make"}}}',
    'logging.config.dictConfig(given)',
    'return logging.getHandlerByName("spare").owner if hasattr(logging, "getHandlerByName") else logging._handlers["spare"].owner',
  ],
  'runpy.run_module()': ['import runpy', 'return runpy.run_module("spare")["owner"]'],
  'a thread of its own': [
    'import threading',
    'found = []',
    'def look():',
    '    try:',
    '        import spare',
    '        found.append(spare.owner)',
    '    except ImportError as error: found.append(error)',
    'thread = threading.Thread(target=look)',
    'thread.start(); thread.join()',
    'if isinstance(found[0], ImportError): raise found[0]',
    'return found[0]',
  ],
  'a coroutine': [
    'import asyncio',
    'async def look():',
    '    await asyncio.sleep(0)',
    '    import spare',
    '    return spare.owner',
    'return asyncio.run(look())',
  ],
};

const spare = (owner: string) => ({
  'spare.py': [
    `owner = '${owner}'`,
    'import logging',
    'class Handler(logging.Handler):',
    '    owner = owner',
    'def make(): return Handler()',
    '',
  ].join('\n'),
});

const asks = (lines: readonly string[], first: readonly string[] = []) => ({
  main: [...first, 'def run(arg):', ...lines.map((line) => `    ${line}`)],
});

describe.each(['inline', 'thread'] as const)('with the executor %s, a package', (executor) => {
  it.each(Object.entries(ways))('does not get the module of a neighbour by %s', async (way, lines) => {
    const { load, path } = await openPackages(executor, {
      asking_owner: { ...asks(['return "loaded"'], ['import spare']), files: spare('owner') },
      asking_neighbour: asks(lines),
    });
    await load('asking_owner');
    const neighbour = await load('asking_neighbour');

    const error = (await refusal(() => neighbour.client.run(null))) as PluginError;

    expect(error).toBeInstanceOf(PluginError);
    expect(error.traceback).toContain('No module named');
    // `runpy` looks the module up first, and says in its own words that there is none.
    expect(error.traceback).toContain(way === 'runpy.run_module()' ? 'spare' : path('asking_owner', 'spare.py'));
    expect(error.traceback).not.toContain('fidius_host/');
  });

  it.each(Object.entries(ways))(
    'gets its own module by %s, before and after others looked for it',
    async (_, lines) => {
      const { load } = await openPackages(executor, {
        asking_owner: { ...asks(lines), files: spare('owner') },
        asking_neighbour: asks(['try:', '    import spare', 'except ImportError: return "missing"']),
      });
      const owner = await load('asking_owner');
      const neighbour = await load('asking_neighbour');

      expect(await neighbour.client.run(null)).toBe('missing');
      expect(await owner.client.run(null)).toBe('owner');
      expect(await neighbour.client.run(null)).toBe('missing');
      expect(await owner.client.run(null)).toBe('owner');
    },
  );

  it.each(Object.entries(ways))('is refused its own module by %s while a neighbour has another', async (_, lines) => {
    const { load, path } = await openPackages(executor, {
      asking_owner: { ...asks(['import spare', 'return spare.owner']), files: spare('owner') },
      asking_second: { ...asks(lines), files: spare('second') },
    });
    const owner = await load('asking_owner');
    const second = await load('asking_second');
    expect(await owner.client.run(null)).toBe('owner');

    const error = (await refusal(() => second.client.run(null))) as PluginError;

    expect(error.traceback).toContain(path('asking_owner', 'spare.py'));
    expect(error.traceback).toContain(path('asking_second', 'spare.py'));
  });

  it('gets an error for a module that its author forgot, even if another package has one', async () => {
    const { load } = await openPackages(executor, {
      asking_owner: { ...asks(['return 1'], ['import spare']), files: spare('owner') },
      asking_forgetful: asks(['return spare.owner'], ['import spare']),
    });
    await load('asking_owner');

    const error = await refusal(() => load('asking_forgetful'));

    expect(error.code).toBe('FIDIUS_IMPORT_FAILED');
    expect(error.message).toContain("No module named 'spare'");
    expect(error.message).toContain('must vendor a copy');
  });

  it('looks for an optional dependency among its own modules only', async () => {
    const optional = ['try:', '    import spare', 'except ImportError:', '    spare = None'];
    const looked = 'import importlib.util; found = importlib.util.find_spec("spare") is not None';
    const answer = ['return [found, spare is not None]'];
    const { load } = await openPackages(executor, {
      asking_owner: { ...asks(answer, [looked, ...optional]), files: spare('owner') },
      asking_neighbour: asks(answer, [looked, ...optional]),
    });

    expect(await (await load('asking_owner')).client.run(null)).toEqual([true, true]);
    expect(await (await load('asking_neighbour')).client.run(null)).toEqual([false, false]);
  });

  it('has its vendored libraries ask for it', async () => {
    const library = 'def owner():\n    import spare\n    return spare.owner\n';
    const { load } = await openPackages(executor, {
      asking_owner: {
        ...asks(['return asking_library.owner()'], ['import asking_library']),
        files: {
          ...spare('owner'),
          'vendor/asking_library/__init__.py': 'from .inner import owner\n',
          'vendor/asking_library/inner.py': library,
        },
      },
      asking_neighbour: asks(['import asking_library', 'return 1']),
    });
    const owner = await load('asking_owner');
    const neighbour = await load('asking_neighbour');

    expect(await owner.client.run(null)).toBe('owner');
    const error = await refusal(() => neighbour.client.run(null));
    expect(error.message).toContain("No module named 'asking_library'");
  });

  it('has what it put on sys.path itself, and is refused what a neighbour found that way', async () => {
    const insert = 'import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))';
    const make = (name: string) => ({
      ...asks(['import spare', 'return spare.owner'], [insert]),
      files: { 'lib/spare.py': `owner = '${name}'\n` },
    });
    const { load, path } = await openPackages(executor, {
      asking_first: make('first'),
      asking_second: make('second'),
      asking_third: asks(['import spare', 'return spare.owner']),
    });
    const [first, second, third] = [
      await load('asking_first'),
      await load('asking_second'),
      await load('asking_third'),
    ];

    expect(await first.client.run(null)).toBe('first');
    const collision = await refusal(() => second.client.run(null));
    expect(collision.message).toContain(path('asking_first', 'lib/spare.py'));
    expect(collision.message).toContain(path('asking_second', 'lib/spare.py'));
    expect((await refusal(() => third.client.run(null))).message).toContain("No module named 'spare'");
    await first.close();
    expect(await second.client.run(null)).toBe('second');
  });

  it('keeps what it finds in an archive on sys.path to itself', async () => {
    const { load, path } = await openPackages(executor, {
      asking_owner: asks(
        ['import zipped_spare', 'return zipped_spare.owner'],
        ['import sys', 'sys.path.append(__file__[:-len("asking_owner.py")] + "lib.zip")'],
      ),
      asking_neighbour: asks(['import zipped_spare', 'return zipped_spare.owner']),
    });
    await python(
      'import zipfile',
      `with zipfile.ZipFile(${JSON.stringify(path('asking_owner', 'lib.zip'))}, "w") as archive:`,
      `    archive.writestr("zipped_spare.py", "owner = 'archive'")`,
    );
    const owner = await load('asking_owner');
    const neighbour = await load('asking_neighbour');

    expect(await owner.client.run(null)).toBe('archive');
    expect((await refusal(() => neighbour.client.run(null))).message).toContain("No module named 'zipped_spare'");
  });

  it('keeps a module to itself that it loads from a file and puts into sys.modules by hand', async () => {
    const byHand = [
      'import importlib.util, os, sys',
      'spec = importlib.util.spec_from_file_location("spare", os.path.join(os.path.dirname(__file__), "parts", "spare.py"))',
      'sys.modules["spare"] = spare = importlib.util.module_from_spec(spec)',
      'spec.loader.exec_module(spare)',
    ];
    const { load } = await openPackages(executor, {
      asking_owner: {
        ...asks(['import spare', 'return spare.owner'], byHand),
        files: { 'parts/spare.py': "owner = 'by hand'\n" },
      },
      asking_neighbour: asks(['import spare', 'return spare.owner']),
    });
    const owner = await load('asking_owner');
    const neighbour = await load('asking_neighbour');

    expect((await refusal(() => neighbour.client.run(null))).message).toContain("No module named 'spare'");
    await owner.close();
    expect(await python('import sys', 'result = "spare" in sys.modules')).toBe(false);
  });

  it('reloads its own module', async () => {
    const { load } = await openPackages(executor, {
      asking_owner: {
        ...asks(['import importlib, spare', 'spare.owner = "changed"', 'return importlib.reload(spare).owner']),
        files: spare('owner'),
      },
    });

    expect(await (await load('asking_owner')).client.run(null)).toBe('owner');
  });

  it('sees no module half imported when two of its threads import it', async () => {
    const { load } = await openPackages(executor, {
      asking_owner: {
        ...asks([
          'import threading',
          'found = []',
          'def look():',
          '    import slow_spare',
          '    found.append(slow_spare.last)',
          'threads = [threading.Thread(target=look) for _ in range(4)]',
          'for each in threads: each.start()',
          'for each in threads: each.join()',
          'return found',
        ]),
        files: { 'slow_spare.py': 'import sys, threading\nfor _ in range(20000): threading.Lock()\nlast = 1\n' },
      },
    });

    expect(await (await load('asking_owner')).client.run(null)).toEqual([1, 1, 1, 1]);
  });

  it('is asked for by a library of the environment that imports by a call, not by one that imports by a statement', async () => {
    await installModules({
      'asking_environment.py': [
        'import importlib',
        'def by_statement():',
        '    try:',
        '        import spare',
        '    except ImportError: return "missing"',
        '    return spare.owner',
        'def by_call(): return importlib.import_module("spare").owner',
        '',
      ].join('\n'),
    });
    const { load } = await openPackages(executor, {
      asking_owner: {
        ...asks(
          [
            'return [asking_environment.by_statement(), asking_environment.by_call(), asking_environment.by_statement()]',
          ],
          ['import asking_environment, spare'],
        ),
        files: spare('owner'),
      },
    });

    expect(await (await load('asking_owner')).client.run(null)).toEqual(['missing', 'owner', 'missing']);
  });

  it('answers for threads of libraries, where no code of a package is on the stack, when it alone can be meant', async () => {
    const lines = [
      'from concurrent.futures import ThreadPoolExecutor',
      'import pickle',
      'with ThreadPoolExecutor(1) as pool: return pool.submit(pickle.loads, b"cspare\\nowner\\n.").result()',
    ];
    const { load } = await openPackages(executor, {
      asking_owner: { ...asks(lines), files: spare('owner') },
      asking_second: { ...asks(lines), files: spare('second') },
    });
    const owner = await load('asking_owner');
    expect(await owner.client.run(null)).toBe('owner');

    const second = await load('asking_second').catch((error: unknown) => error);

    expect(second).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('finds the distributions of itself and of the environment', async () => {
    const metadata = (version: string) => ({
      [`vendor/asked_dist-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: asked-dist\nVersion: ${version}\n`,
    });
    const lines = [
      'from importlib import metadata',
      'try: return metadata.version("asked-dist")',
      'except metadata.PackageNotFoundError: return "missing"',
    ];
    const { load } = await openPackages(executor, {
      asking_owner: { ...asks(lines), files: metadata('1.0') },
      asking_second: { ...asks(lines), files: metadata('2.0') },
      asking_third: asks(lines),
    });
    const plugins = [await load('asking_owner'), await load('asking_second'), await load('asking_third')];

    expect(await Promise.all(plugins.map(({ client }) => client.run(null)))).toEqual(['1.0', '2.0', 'missing']);
  });
});
