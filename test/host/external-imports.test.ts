import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executorNames, type HostLoadOptions, type HostOptions } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';
import { installModules, openPackages, python, Runner, refusal, writeFiles } from '../support/module-packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

let count = 0;

/** A module in a folder of its own, which no package and no environment holds, until the end of the process. */
function writeExternal(text = 'value = 1') {
  const module = `external_${(count += 1)}`;
  const folder = tempFolder('external');
  writeFiles(folder, { [`${module}.py`]: text });
  const path = join(folder, `${module}.py`);
  return { module, folder, path, insert: `import sys; sys.path.insert(0, ${JSON.stringify(folder)})` };
}

const run = ['def run(arg): return arg'];
const refuse = { externalImports: 'refuse' } as const;

/** The text of a module that is loaded past the import system. */
const byHand = (module: string, path: string) => [
  'import importlib.util, sys',
  `spec = importlib.util.spec_from_file_location(${JSON.stringify(module)}, ${JSON.stringify(path)})`,
  'made = importlib.util.module_from_spec(spec)',
  'sys.modules[spec.name] = made',
  'spec.loader.exec_module(made)',
];

describe.each(executorNames)('with the executor %s,', (executor) => {
  const open = (lines: readonly string[], options: HostOptions = {}) =>
    openPackages(executor, { plugin: { main: [...lines, ...run] } }, options);

  describe('plugin.info.externalImports', () => {
    it.each<[string, (module: string) => readonly string[]]>([
      ['a statement', (module) => [`import ${module}`]],
      ['a statement in a function', (module) => ['def later():', `    from ${module} import value`, 'later()']],
      ['code of the standard library', (module) => ['import pydoc', `assert pydoc.locate("${module}")`]],
      ['importlib', (module) => ['import importlib', `importlib.import_module("${module}")`]],
    ])('lists a module that %s imports', async (_what, lines) => {
      const { module, path, insert } = writeExternal();
      const { load } = await open([insert, ...lines(module)]);

      expect((await load('plugin')).info.externalImports).toEqual([{ module, path }]);
    });

    it('lists a module whose entry of the search path is removed again', async () => {
      const { module, path, insert } = writeExternal();
      const { load } = await openPackages(executor, {
        first: { main: [insert, `import ${module}`, 'del sys.path[0]', `import ${module}`, ...run] },
        second: { main: [`import ${module}`, ...run] },
      });

      const infos = [await load('first'), await load('second')].map(({ info }) => info);

      expect(infos.map(({ externalImports }) => externalImports)).toEqual(Array(2).fill([{ module, path }]));
    });

    it('lists a package once, by its outermost name, and what external code has imported', async () => {
      const inner = writeExternal();
      const outer = writeExternal(`import ${inner.module}`);
      const pack = `pack_of_${outer.module}`;
      writeFiles(outer.folder, { [`${pack}/__init__.py`]: '', [`${pack}/part.py`]: `import ${outer.module}` });
      const { load } = await openPackages(executor, {
        first: { main: [inner.insert, outer.insert, `import ${pack}.part`, ...run] },
        second: { main: [`import ${pack}`, ...run] },
      });
      const first = await load('first');
      // A process ends with its last plugin.
      if (executor !== 'process') await first.close();
      const second = await load('second');

      const external = [
        { module: inner.module, path: inner.path },
        { module: outer.module, path: outer.path },
        { module: pack, path: join(outer.folder, pack) },
      ];
      expect(first.info.externalImports).toEqual(external);
      expect(second.info.externalImports).toEqual(external);
    });

    it('lists a module below a package of the standard library whose path was extended', async () => {
      const { module, folder, path } = writeExternal();
      const { load } = await open([
        'import json',
        `json.__path__.append(${JSON.stringify(folder)})`,
        `import json.${module}`,
      ]);

      const { info } = await load('plugin');
      await python('import json', 'del json.__path__[1:]');

      expect(info.externalImports).toEqual([{ module: `json.${module}`, path }]);
    });

    it('lists a module that is loaded by hand', async () => {
      const { module, path } = writeExternal();
      const { load } = await open(byHand(module, path));

      expect((await load('plugin')).info.externalImports).toEqual([{ module, path }]);
    });

    it('lists a module for every plugin that imports it, also when it was imported before', async () => {
      const { module, path, insert } = writeExternal();
      const main = [insert, `import ${module}`, ...run];
      const { load } = await openPackages(executor, {
        first: { main },
        bystander: { main: run },
        second: { main: ['# another text', ...main] },
      });

      const infos = [await load('first'), await load('bystander'), await load('second')].map(({ info }) => info);

      const external = [{ module, path }];
      expect(infos.map(({ externalImports }) => externalImports)).toEqual([external, [], external]);
    });

    it('lists a module that a shared module has imported, for each plugin that shares it', async () => {
      const { module, path, insert } = writeExternal();
      const files = { 'vendor/shared_code.py': `import ${module}` };
      const { load } = await openPackages(executor, {
        first: { main: [insert, 'import shared_code', ...run], files },
        second: { main: ['import shared_code', ...run], files },
      });

      const infos = [await load('first'), await load('second')].map(({ info }) => info);

      expect(infos.map(({ externalImports }) => externalImports)).toEqual(Array(2).fill([{ module, path }]));
    });

    it('lists it again when the plugin is loaded again', async () => {
      const { module, path, insert } = writeExternal();
      const { load } = await open([insert, `import ${module}`]);
      await (await load('plugin')).close();

      expect((await load('plugin')).info.externalImports).toEqual([{ module, path }]);
    });

    it.skipIf(executor === 'process')(
      'lists a module that code of the environment imports for the plugin',
      async () => {
        const { module, path, insert } = writeExternal();
        const library = `library_with_${module}`;
        await installModules({ [`${library}.py`]: `import ${module}` });
        const { load } = await open([insert, `import ${library}`]);

        expect((await load('plugin')).info.externalImports).toEqual([{ module, path }]);
      },
    );

    it.skipIf(executor === 'process')('lists a module that was imported before any plugin was loaded', async () => {
      const { module, path, insert } = writeExternal();
      await python(insert, `import ${module}`);
      const { load } = await open([`import ${module}`]);

      expect((await load('plugin')).info.externalImports).toEqual([{ module, path }]);
    });

    it('does not list a module that is only looked up, and was imported by another plugin', async () => {
      const { module, insert } = writeExternal();
      const { load } = await openPackages(executor, {
        first: { main: [insert, `import ${module}`, ...run] },
        second: { main: ['import importlib.util', `assert importlib.util.find_spec("${module}")`, ...run] },
      });
      await load('first');

      expect((await load('second')).info.externalImports).toEqual([]);
    });

    it('does not list what comes from the package, the standard library, the SDK, or is only looked up', async () => {
      const { module, insert } = writeExternal();
      const { load } = await openPackages(executor, {
        plugin: {
          main: [
            insert,
            'import importlib.util, os, sqlite3, xml.dom.minidom, fidius, own_part, vendored_part',
            `assert importlib.util.find_spec("${module}")`,
            'sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))',
            'import library_part',
            ...run,
          ],
          files: { 'own_part.py': '', 'vendor/vendored_part.py': '', 'lib/library_part.py': '' },
        },
      });

      expect((await load('plugin')).info.externalImports).toEqual([]);
    });
  });

  describe('externalImports: "refuse"', () => {
    const refusedLoad = async (lines: readonly string[], hostOptions: HostOptions, loadOptions: HostLoadOptions) => {
      const { host } = await open(lines, hostOptions);
      return failureOf(() => host.load('plugin', Runner, loadOptions));
    };

    it.each([
      ['of the host', refuse, {}],
      ['of the load', {}, refuse],
    ])('%s refuses a plugin that imports an external module, before that module runs', async (_whose, host, load) => {
      const ran = join(tempFolder(), 'ran');
      const { module, path, insert } = writeExternal(`open(${JSON.stringify(ran)}, "w")`);

      const error = await refusedLoad([insert, `import ${module}`], host, load);

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
      expect(error.message).toContain(
        `it imports ${module} (${path}), which lies neither in the package, nor in the standard library, nor in the Python environment (`,
      );
      expect(existsSync(ran)).toBe(false);
    });

    it('refuses a module below a package of the standard library whose path was extended, before it runs', async () => {
      const ran = join(tempFolder(), 'ran');
      const { module, folder } = writeExternal(`open(${JSON.stringify(ran)}, "w")`);
      const lines = ['import json', `json.__path__.append(${JSON.stringify(folder)})`, `import json.${module}`];

      const error = await refusedLoad(lines, refuse, {});
      await python('import json', 'del json.__path__[1:]');

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
      expect(existsSync(ran)).toBe(false);
    });

    it('refuses a module that another plugin has imported already', async () => {
      const { module, insert } = writeExternal();
      const main = [insert, `import ${module}`, ...run];
      const { host, load } = await openPackages(executor, { first: { main }, second: { main: ['# other', ...main] } });
      await load('first');

      const error = await failureOf(() => host.load('second', Runner, refuse));

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
    });

    it('refuses a module that a shared module has imported', async () => {
      const { module, insert } = writeExternal();
      const files = { 'vendor/shared_code.py': `import ${module}` };
      const { host, load } = await openPackages(executor, {
        first: { main: [insert, 'import shared_code', ...run], files },
        second: { main: ['import shared_code', ...run], files },
      });
      await load('first');

      const error = await failureOf(() => host.load('second', Runner, refuse));

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
    });

    it('refuses a module that was loaded by hand', async () => {
      const { module, path } = writeExternal();

      const error = await refusedLoad(byHand(module, path), refuse, {});

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
    });

    it('refuses a folder that is loaded already, and has imported one', async () => {
      const { module, insert } = writeExternal();
      const { host, load } = await open([insert, `import ${module}`]);
      const plugin = await load('plugin');

      const error = await failureOf(() => host.load('plugin', Runner, refuse));

      expect(error.code).toBe('FIDIUS_IMPORT_EXTERNAL');
      expect(await plugin.client.run('it still answers')).toBe('it still answers');
    });

    it('lets a plugin do without the module, as if it were not there', async () => {
      const { module, insert } = writeExternal();
      const lines = ['try:', `    import ${module}`, '    found = True', 'except ImportError:', '    found = False'];
      const { host } = await openPackages(executor, {
        plugin: { main: [insert, ...lines, 'def run(arg): return found'] },
      });

      const { client, info } = await host.load('plugin', Runner, refuse);

      expect(await client.run(0)).toBe(false);
      expect(info.externalImports).toEqual([]);
    });

    it('holds for imports of calls', async () => {
      const { module, insert } = writeExternal();
      const { host } = await openPackages(executor, {
        plugin: { main: [insert, 'def run(arg):', `    import ${module}`, '    return arg'] },
      });
      const { client } = await host.load('plugin', Runner, refuse);

      const error = await refusal(() => client.run(0));

      expect(error.message).toContain(`module '${module}'`);
      expect(error).toMatchObject({ code: 'ExternalImport' });
    });

    it('is taken back when the load fails', async () => {
      const { module, insert } = writeExternal();
      const { host, load } = await openPackages(executor, {
        plugin: { main: [insert, 'def run(arg):', `    import ${module}`, '    return arg'] },
      });
      const plugin = await load('plugin');
      const other = { ...Runner, descriptor: { ...Runner.descriptor, interfaceHash: 1n } } as typeof Runner;

      const error = await failureOf(() => host.load('plugin', other, refuse));

      expect(error.code).toBe('FIDIUS_INTERFACE_HASH_MISMATCH');
      expect(await plugin.client.run(1)).toBe(1);
    });
  });
});

it.each(['no', true, null])('refuses %j as externalImports', async (externalImports) => {
  const { host } = await openPackages('inline', { plugin: { main: run } });

  const error = await failureOf(() => host.load('plugin', Runner, { externalImports } as unknown as HostLoadOptions));

  expect(error.code).toBe('FIDIUS_OPTION_INVALID');
  expect(error.message).toContain('externalImports must be "allow" or "refuse", got ');
});
