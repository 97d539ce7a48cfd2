import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostFiles } from '../../src/cli/init/host-template.ts';
import { defineInterface } from '../../src/contract/interface.ts';
import { method } from '../../src/contract/method.ts';
import { t } from '../../src/contract/t.ts';

const definition = defineInterface('Greeter', { version: 1, methods: { greet: method({ name: t.string }, t.string) } });

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
