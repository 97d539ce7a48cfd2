import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { hostFiles, interfaceFiles, pluginFiles } from '../../../src/cli/init/templates.ts';
import { defineInterface } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import { importStubs } from '../../support/python-stubs.ts';
import { findPythons } from '../../support/pythons.ts';

const definition = defineInterface('Greeter', { version: 1, methods: { greet: method({ name: t.string }, t.string) } });

/** Names of Rust that are reserved or used otherwise in the languages that code is written in. */
const trickyNames = (
  'class await yield default arguments eval let static null undefined package host join plugin packages ' +
  'skipped console PluginHost path reason manifest r#match r#type lambda None from print _ __init__ ' +
  'größe ﬁnd ℹ'
)
  .split(' ')
  .filter((name) => isInterfaceName(name));

describe('the code that init host writes', () => {
  const hostile = fc.array(
    fc.constantFrom(
      "'",
      '"',
      '`',
      '\\',
      '\n',
      '\r',
      '\u2028',
      '${x}',
      '*/',
      '//',
      ' ',
      'a',
      'é',
      ';',
      '"; evil(); "',
      "'; evil(); '",
    ),
    { minLength: 1, maxLength: 12 },
  );

  it('imports the module by its path, whatever is in that', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (parts) => {
        const name = `x${parts.join('').replaceAll('/', '_')}.ts`;
        const { 'host.ts': text = '' } = hostFiles('app', '/work/app', {
          definition,
          module: join('/work', name),
          exportName: 'Greeter',
        });

        expect(await importsOf(text)).toEqual(['node:path', 'fidius', `../${name}`]);
        expect(text).not.toMatch(/^evil/m);
      }),
    );
  });

  it('imports what the module exports, under whatever name', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (parts) => {
        const module = '/work/x.ts';
        const { 'host.ts': text = '' } = hostFiles('app', '/work/app', {
          definition,
          module,
          exportName: parts.join(''),
        });

        expect(await importsOf(text)).toEqual(['node:path', 'fidius', '../x.ts']);
      }),
    );
  });

  it.each([...trickyNames, 'default'])('compiles for the export %j and an interface of that name', async (name) => {
    const { 'host.ts': text = '' } = hostFiles('app', '/work/app', {
      definition: defineInterface(name === 'default' ? 'class' : name, { version: 1, methods: {} }),
      module: '/work/x.ts',
      exportName: name,
    });

    expect(await importsOf(text)).toEqual(['node:path', 'fidius', '../x.ts']);
  });
});

describe('the code that init interface writes', () => {
  it.each([...trickyNames, 'defineInterface', 'method', 't'])('compiles for an interface %j', async (name) => {
    const { 'app.ts': text = '' } = interfaceFiles('app', name);

    expect(await importsOf(text)).toEqual(['fidius']);
    expect(text).toContain(`defineInterface('${name}', {`);
  });
});

describe('the files that init plugin writes', () => {
  it('contain the extension as it was given, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const extension = `${text}"\u007f\n[evil]\n`;
        const { 'package.toml': manifest = '' } = await pluginFiles('app', definition, extension);

        expect(parse(manifest)).toMatchObject({ package: { extension, runtime: 'python' } });
        expect(parse(manifest)).not.toHaveProperty('evil');
      }),
    );
  });
});

describe('the Python stub', () => {
  // Each of these ends the import of the stub with an error if it becomes code.
  const evil = ['raise SystemExit', '\nraise SystemExit\n', '"""\nraise SystemExit\n"""', '");raise SystemExit;("'];
  const quotes = ['"', '""', '"""', "'", "'''", '\\', '\\"', '\\N{x}', '\\u12', '#', '{', '%s', ' '];
  const breaks = ['\n', '\r', '\f', '\v', '\u0085', '\u2028', '\u2029', '\0', '\ud800', '\ufeff', '\u202e'];
  const text = fc
    .array(fc.constantFrom(...evil, ...quotes, ...breaks), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join(''));
  const name = fc.constantFrom(...trickyNames);
  const anyInterface = fc
    .tuple(name, name, text, text, text, text)
    .map(([own, argument, doc, key, variant, methodDoc]) => {
      const argumentType = t.struct(argument, { [key]: t.u8 }, { doc });
      const result = t.struct('Answer', { [variant]: t.string }, { doc: key });
      const asked = method([{ [argument]: argumentType }, { another: t.enum('Choice', [variant]) }], result, {
        doc: methodDoc,
      });
      return defineInterface(own, { version: 1, doc, methods: { [own]: asked } });
    });

  it('runs no text of an interface, and Python compiles it', { timeout: 120_000 }, () => {
    const [python] = findPythons();
    if (python === undefined) throw new Error('No CPython found for the tests');
    const interfaces = fc.sample(anyInterface, { numRuns: 500, seed: 11 });

    const problems = importStubs(python, interfaces);

    expect(problems.flatMap((problem, index) => (problem === null ? [] : [[problem, interfaces[index]]]))).toEqual([]);
    expect(problems).toHaveLength(500);
  });
});

/** Modules that a program imports, as a compiler reads it. */
async function importsOf(text: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const note: Plugin = {
    name: 'note',
    setup: (bundle) =>
      bundle.onResolve({ filter: /.*/ }, ({ path }) => {
        paths.push(path);
        return { path, external: true };
      }),
  };
  const stdin = { contents: text, loader: 'ts' } as const;
  await build({
    stdin,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    plugins: [note],
    logLevel: 'silent',
  });
  return paths;
}

function isInterfaceName(name: string): boolean {
  try {
    return defineInterface(name, { version: 1, methods: {} }).name === name;
  } catch {
    return false;
  }
}
