import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PluginError } from '../../src/index.ts';
import { SecretKey, signPackage } from '../../src/packaging.ts';
import { installModules, openPackages, python, refusal, writeFiles } from '../support/module-packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

const runs = (...lines: readonly string[]) => ['def run(arg):', ...lines.map((line) => `    ${line}`)];

const without = (...names: readonly string[]) =>
  python('import sys', `for name in ${JSON.stringify(names)}: sys.modules.pop(name, None)`);

describe.each(['inline', 'thread'] as const)('with the executor %s', (executor) => {
  it.each(['before', 'after'])(
    'the standard library gets its own module %s a package is open that has one of the name',
    async (when) => {
      const { load } = await openPackages(executor, {
        names_owner: {
          main: runs('return 1'),
          files: { 'calendar.py': 'mine = True\n', 'vendor/netrc.py': 'mine = True\n' },
        },
        names_user: {
          main: runs(
            'import http.cookiejar, netrc',
            'return [http.cookiejar.timegm((1970, 1, 1, 0, 0, 1)), hasattr(netrc, "mine")]',
          ),
        },
      });
      await without('calendar', 'http.cookiejar', 'netrc');
      if (when === 'before') await python('import calendar, http.cookiejar, netrc');
      await load('names_owner');

      expect(await (await load('names_user')).client.run(null)).toEqual([1, false]);
      expect(await python('import calendar', 'result = hasattr(calendar, "mine")')).toBe(false);
    },
  );

  it.each([
    ['calendar', 'calendar.py'],
    ['netrc', 'vendor/netrc.py'],
    ['time', 'time.py'],
  ])(
    'a package is refused that imports its own %s, whether the standard one is imported or not',
    async (name, file) => {
      const { load, path } = await openPackages(executor, {
        names_owner: { main: [`import ${name}`, ...runs('return 1')], files: { [file]: 'mine = True\n' } },
      });
      for (const prepare of [() => without(...(name === 'time' ? [] : [name])), () => python(`import ${name}`)]) {
        await prepare();
        const error = await refusal(() => load('names_owner'));

        expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION', hint: expect.stringContaining('Rename') });
        expect(error.message).toContain(path('names_owner', file));
        expect(error.message).toContain('standard library');
      }
      expect(await python(`import ${name}`, `result = hasattr(${name}, "mine")`)).toBe(false);
    },
  );

  it.each(['before', 'after'])(
    'a signed package does not run the module of the environment in place of its vendored one, imported %s it',
    async (order) => {
      const key = new SecretKey(Buffer.alloc(32, 1));
      const environment = await installModules({ 'names_fast.py': "version = 'environment'\n" });
      const main = ['import names_fast', ...runs('return names_fast.version')];
      const { load, path } = await openPackages(
        executor,
        { names_signed: { main, files: { 'vendor/names_fast.py': "version = 'vendored'\n" } }, names_plain: { main } },
        { trustedKeys: [key.publicKey] },
      );
      for (const name of ['names_signed', 'names_plain']) await signPackage(path(name), { key });
      const [first, second] = order === 'before' ? ['names_plain', 'names_signed'] : ['names_signed', 'names_plain'];
      const open = await load(first!);

      const error = await refusal(() => load(second!));

      expect(await open.client.run(null)).toBe(order === 'before' ? 'environment' : 'vendored');
      expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
      expect(error.message).toContain(join(environment, 'names_fast.py'));
      expect(error.message).toContain('vendor/names_fast.py');
    },
  );

  it('a package shares a module of the environment that is the same as its vendored one', async () => {
    await installModules({ 'names_same/__init__.py': 'from . import inner\n', 'names_same/inner.py': 'version = 1\n' });
    const vendored = {
      'vendor/names_same/__init__.py': 'from . import inner\n',
      'vendor/names_same/inner.py': 'version = 1\n',
    };
    const { load } = await openPackages(executor, {
      names_vendored: { main: ['from names_same.inner import version', ...runs('return version')], files: vendored },
    });
    await python('import names_same.inner');

    expect(await (await load('names_vendored')).client.run(null)).toBe(1);
  });

  it('a package that goes into a module of the environment past its top meets the same refusal', async () => {
    await installModules({ 'names_deep/__init__.py': '', 'names_deep/inner.py': 'version = 1\n' });
    const { load } = await openPackages(executor, {
      names_vendored: {
        main: ['from names_deep.inner import version', ...runs('return version')],
        files: { 'vendor/names_deep/__init__.py': '', 'vendor/names_deep/inner.py': 'version = 2\n' },
      },
    });
    await python('import names_deep.inner');

    expect(await refusal(() => load('names_vendored'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('a package does not get the module of the environment in place of one in a folder that it puts on sys.path', async () => {
    await installModules({ 'names_lib.py': 'version = 1\n' });
    const insert = 'import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))';
    const { load, path } = await openPackages(executor, {
      names_owner: {
        main: [insert, 'import names_lib', ...runs('return 1')],
        files: { 'lib/names_lib.py': 'version = 2\n' },
      },
    });
    await python('import names_lib');

    const error = await refusal(() => load('names_owner'));

    expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
    expect(error.message).toContain(path('names_owner', 'lib/names_lib.py'));
  });

  it('a library that makes modules in memory works in a package, and is gone with it', async () => {
    const maker = [
      'import importlib.machinery, sys, types',
      'class Maker:',
      '    def find_spec(self, name, path=None, target=None):',
      '        if name.startswith("names_maker.made"): return importlib.machinery.ModuleSpec(name, self)',
      '    def create_module(self, spec): return None',
      '    def exec_module(self, module): module.owner = "made"',
      'sys.meta_path.append(Maker())',
      '',
    ].join('\n');
    const lines = ['import names_maker', 'from names_maker import made', 'return made.owner'];
    const { load } = await openPackages(executor, {
      names_owner: { main: runs(...lines), files: { 'vendor/names_maker/__init__.py': maker } },
      names_user: { main: runs('import names_maker.made', 'return 1') },
    });
    const finders = () => python('import sys', 'result = [type(each).__name__ for each in sys.meta_path]');
    const before = await finders();
    const owner = await load('names_owner');
    const user = await load('names_user');

    expect(await owner.client.run(null)).toBe('made');
    expect((await refusal(() => user.client.run(null))).message).toContain("No module named 'names_maker'");
    await owner.close();
    expect(
      await python('import sys', 'result = [name for name in sys.modules if name.startswith("names_maker")]'),
    ).toEqual([]);
    expect(await finders()).toEqual(before);
  });

  it('a module of the environment gets no optional dependency from a package, and a different one is refused', async () => {
    await installModules({
      'names_environment.py':
        'try:\n    import names_vendored_only\nexcept ImportError: found = False\nelse: found = True\n',
    });
    const { load } = await openPackages(executor, {
      names_owner: {
        main: ['import names_vendored_only, names_environment', ...runs('return names_environment.found')],
        files: { 'vendor/names_vendored_only.py': '' },
      },
    });

    expect(await (await load('names_owner')).client.run(null)).toBe(false);
  });

  it('modules of the environment are as they were once the package that claims their names is closed', async () => {
    await installModules({ 'names_claimed.py': 'version = 1\n' });
    const { load } = await openPackages(executor, {
      names_owner: { main: runs('return 1'), files: { 'names_claimed.py': '' } },
    });
    const kind = async () =>
      await python(
        'import names_claimed',
        'result = repr(type(names_claimed.__spec__)) + repr(sorted(vars(names_claimed.__spec__)))',
      );
    const before = await kind();

    const plugin = await load('names_owner');
    expect(await python('import names_claimed', 'result = names_claimed.version')).toBe(1);
    expect(await kind()).not.toBe(before);
    await plugin.close();
    expect(await kind()).toBe(before);
  });

  describe('namespaces', () => {
    const part = (name: string) => ({
      main: [
        `import names_cloud.${name}`,
        ...runs(
          `from names_cloud import ${name} as part`,
          'import names_cloud',
          `other = {"alpha": "beta", "beta": "alpha"}["${name}"]`,
          'found = []',
          'for look in ("from names_cloud import " + other, "import names_cloud." + other, "names_cloud." + other):',
          '    try: exec(look)',
          '    except (ImportError, AttributeError) as error: found.append(type(error).__name__)',
          'import importlib.resources, pkgutil',
          'return [part.owner, found, hasattr(names_cloud, other), [name for _, name, _ in pkgutil.iter_modules(names_cloud.__path__)]]',
        ),
      ],
      files: { [`vendor/names_cloud/${name}/__init__.py`]: `owner = '${name}'\n` },
    });

    it('are split over packages, each of which sees its own part', async () => {
      const { load } = await openPackages(executor, { names_alpha: part('alpha'), names_beta: part('beta') });
      const alpha = await load('names_alpha');
      const beta = await load('names_beta');
      const refused = ['ModuleNotFoundError', 'ModuleNotFoundError', 'AttributeError'];

      const [first, second] = [await alpha.client.run(null), await beta.client.run(null)];
      expect(first).toEqual(['alpha', refused, false, ['alpha']]);
      expect(second).toEqual(['beta', refused, false, ['beta']]);
      await alpha.close();
      expect(await beta.client.run(null)).toEqual(['beta', ['ImportError', ...refused.slice(1)], false, ['beta']]);
      await beta.close();
      expect(
        await python('import sys', 'result = [name for name in sys.modules if name.startswith("names_cloud")]'),
      ).toEqual([]);
    });

    it.each(['before', 'after'])('are split over a package and the environment, imported %s it', async (order) => {
      await installModules({ 'names_cloud/installed/__init__.py': "owner = 'environment'\n" });
      const { load } = await openPackages(executor, {
        names_alpha: {
          main: [
            'import names_cloud.alpha',
            ...runs('from names_cloud import alpha, installed', 'return [alpha.owner, installed.owner]'),
          ],
          files: { 'vendor/names_cloud/alpha/__init__.py': "owner = 'alpha'\n" },
        },
        names_user: {
          main: runs(
            'import names_cloud.installed',
            'return [names_cloud.installed.owner, hasattr(names_cloud, "alpha")]',
          ),
        },
      });
      if (order === 'before') await python('import names_cloud.installed');
      const alpha = await load('names_alpha');
      const user = await load('names_user');

      expect(await user.client.run(null)).toEqual(['environment', false]);
      expect(await alpha.client.run(null)).toEqual(['alpha', 'environment']);
      expect(await user.client.run(null)).toEqual(['environment', false]);
      await alpha.close();
      expect(await user.client.run(null)).toEqual(['environment', false]);
    });

    it('refuse a part that two packages have with different files', async () => {
      const make = (owner: string) => ({
        main: ['import names_cloud.both', ...runs('return names_cloud.both.owner')],
        files: { 'vendor/names_cloud/both/__init__.py': `owner = '${owner}'\n` },
      });
      const { load, path } = await openPackages(executor, { names_alpha: make('alpha'), names_beta: make('beta') });
      await load('names_alpha');

      const error = await refusal(() => load('names_beta'));

      expect(error).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
      expect(error.message).toContain(path('names_alpha', 'vendor/names_cloud/both'));
      expect(error.message).toContain(path('names_beta', 'vendor/names_cloud/both'));
    });
  });

  describe('the SDK', () => {
    const foreign = {
      'vendor/fidius/__init__.py': 'from ._errors import PluginError\nfrom ._registry import method\n',
      'vendor/fidius/_errors.py':
        'class PluginError(Exception):\n    def __init__(self, code, message, details=None): raise SystemExit("vendored")\n',
      'vendor/fidius/_registry.py':
        'known = []\ndef method(func):\n    if func.__name__ in known: raise ValueError("already registered")\n    known.append(func.__name__)\n    return func\n',
    };
    const main = [
      'from fidius import method',
      'from fidius._errors import PluginError',
      '@method',
      ...runs('raise PluginError("QUOTA", "over", details={"after": 1})'),
    ];

    it('is the one of the host for every package, also when one that vendors another is closed', async () => {
      const { load } = await openPackages(executor, {
        sdk_vendored: { main, files: foreign },
        sdk_plain: { main },
      });
      const plugins = [await load('sdk_vendored'), await load('sdk_plain')];
      const expected = { code: 'QUOTA', details: { after: 1 } };

      for (const { client } of plugins) await expect(client.run(null)).rejects.toMatchObject(expected);
      await plugins[0]?.close();
      await expect(plugins[1]?.client.run(null)).rejects.toMatchObject(expected);
      const again = await load('sdk_vendored');
      await expect(again.client.run(null)).rejects.toBeInstanceOf(PluginError);
    });

    it('does not hide why a package cannot be loaded when it is loaded again', async () => {
      const { load, path } = await openPackages(executor, {
        sdk_failing: { main: [...main, 'raise ValueError("the mistake")'], files: foreign },
      });

      for (const _ of [1, 2]) {
        expect((await refusal(() => load('sdk_failing'))).message).toContain('ValueError: the mistake');
      }
      writeFiles(path('sdk_failing'), { 'vendor/fidius/__init__.py': 'raise SystemExit("vendored")\n' });
      expect((await refusal(() => load('sdk_failing'))).message).toContain('ValueError: the mistake');
    });
  });

  it('a package in a folder that is a link, or inside of another package, keeps its modules', async () => {
    const inner = {
      main: ['import names_inner_helper', ...runs('return names_inner_helper.owner')],
      files: { 'names_inner_helper.py': "owner = 'inner'\n" },
    };
    const { load, path } = await openPackages(executor, {
      names_outer: { main: runs('import names_inner_helper', 'return names_inner_helper.owner') },
    });
    const nested = await openPackages(executor, { names_inner: inner });
    const target = path('names_outer', 'plugins');
    mkdirSync(target);
    await python(
      'import shutil',
      `shutil.move(${JSON.stringify(nested.path('names_inner'))}, ${JSON.stringify(target)})`,
    );
    const link = join(tempFolder('links'), 'linked');
    await python('import os', `os.symlink(${JSON.stringify(target)}, ${JSON.stringify(link)})`);
    const linked = await openPackages(executor, {}, { searchPaths: [link] });
    const outer = await load('names_outer');
    const innerPlugin = await linked.load('names_inner');

    expect(await innerPlugin.client.run(null)).toBe('inner');
    expect((await refusal(() => outer.client.run(null))).message).toContain("No module named 'names_inner_helper'");
  });

  it('a module that was changed on disk while it is in use is not shared', async () => {
    const one = {
      main: ['import names_changed', ...runs('return names_changed.version')],
      files: { 'vendor/names_changed.py': 'version = 1\n' },
    };
    const { load, path } = await openPackages(executor, { names_first: one, names_second: one });
    const first = await load('names_first');
    for (const name of ['names_first', 'names_second']) {
      rmSync(path(name, 'vendor/names_changed.py'));
      writeFileSync(path(name, 'vendor/names_changed.py'), 'version = 2  # later\n');
    }

    const error = await refusal(() => load('names_second'));

    expect(error).toMatchObject({
      code: 'FIDIUS_MODULE_COLLISION',
      hint: expect.stringContaining('Close the plugins'),
    });
    expect(await first.client.run(null)).toBe(1);
  });
});
