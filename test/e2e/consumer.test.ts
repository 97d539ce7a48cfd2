import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { method, t } from 'fidius';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, linkPackage } from '../support/installed-package.ts';
import { installTool } from '../support/npm-tool.ts';

/** A project of a user of TypeScript, with the package as npm publishes it. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-consumer-')));
const sources = fileURLToPath(new URL('../fixtures/consumer', import.meta.url));

interface Compiler {
  readonly name: string;
  readonly tsc: string;
}

const compilers: readonly Compiler[] = ['5.9', '7.0'].flatMap(findCompiler);

beforeAll(() => {
  installPacked(folder);
  linkPackage(folder, '@types/node');
  for (const name of ['undici-types', 'koffi', '@koromix', 'bzip2-wasm', 'semver']) linkPackage(folder, name);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', type: 'module' }));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the interface of the test project', () => {
  it('uses everything that t and method have', () => {
    const text = readFileSync(join(sources, 'lib/interface.ts'), 'utf8');
    const names = [
      ...Object.keys(t).map((name) => `t.${name}`),
      ...Object.keys(t.map).map((name) => `t.map.${name}`),
      ...Object.keys(method).map((name) => `method.${name}`),
    ];

    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !new RegExp(`\\b${name.replaceAll('.', '\\.')}\\b`).test(text))).toEqual([]);
  });
});

describe('the package that npm publishes', () => {
  it('occupies at most 4 MiB', () => {
    const files = readdirSync(join(folder, 'node_modules/fidius'), { recursive: true, withFileTypes: true });
    const blocks = files.map((file) => statSync(join(file.parentPath, file.name)).blocks);

    expect(blocks.length).toBeGreaterThan(100);
    expect((blocks.reduce((sum, each) => sum + each, 0) * 512) / 2 ** 20).toBeLessThan(4);
  });

  it('has no source twice, and no script that runs at its installation', () => {
    const names = readdirSync(join(folder, 'node_modules/fidius'), { recursive: true, encoding: 'utf8' });
    const { scripts } = JSON.parse(readFileSync(join(folder, 'node_modules/fidius/package.json'), 'utf8')) as {
      readonly scripts: object;
    };

    expect(names.filter((name) => /\.d\.[cm]?ts\.map$|(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
  });

  it('has the notes for coding agents', () => {
    const notes = readFileSync(join(folder, 'node_modules/fidius/llms.txt'), 'utf8');

    expect(notes).toBe(readFileSync(fileURLToPath(new URL('../../llms.txt', import.meta.url)), 'utf8'));
  });

  it('has maps that give the lines of the sources in stack traces', () => {
    writeFileSync(
      join(folder, 'trace.mjs'),
      "import { t } from 'fidius'; try { t.list(5); } catch ({ stack }) { console.log(stack); }",
    );
    const { stdout } = spawnSync(process.execPath, ['--enable-source-maps', 'trace.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });

    const [, file = '', line = '0'] = /\/(src\/contract\/\S+\.ts):(\d+):\d+/.exec(stdout) ?? [];
    const source = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
    expect(source.split('\n')[Number(line) - 1]).toMatch(/new FidiusTypeError/);
  });

  it('has the same classes for require() and import', () => {
    const program = [
      "const entries = ['fidius', 'fidius/packaging', 'fidius/testing', 'fidius/mcp'].map((name) => [require(name), import(name)]);",
      'Promise.all(entries.map(async ([required, imported]) => {',
      '  const names = Object.keys(required);',
      '  const modules = await imported;',
      '  return names.length > 0 && names.every((name) => required[name] === modules[name]);',
      '})).then((same) => console.log(...same));',
    ];
    writeFileSync(join(folder, 'required.cjs'), program.join('\n'));
    const { stdout, stderr } = spawnSync(process.execPath, ['required.cjs'], { cwd: folder, encoding: 'utf8' });

    expect({ stdout, stderr }).toEqual({ stdout: 'true true true true\n', stderr: '' });
  });
});

describe.each(compilers)('a project that TypeScript $name compiles', ({ name, tsc }) => {
  it('exports an interface with the options of `tsc --init`', () => {
    const project = copyProject(`init-${name}`, 'lib');
    execFileSync(process.execPath, [tsc, '--init'], { cwd: project, stdio: 'pipe' });

    expect(compile(project, tsc, '--declaration', '--outDir', 'dist')).toBe('');
    expect(readFileSync(join(project, 'dist/interface.d.ts'), 'utf8')).toContain(
      'export declare const Everything: import("fidius").Interface<',
    );
  });

  it('calls an interface of a composite project by its declarations, with all types checked', () => {
    const project = copyProject(`composite-${name}`, 'lib', 'app');
    const compilerOptions = { ...strict, composite: true, outDir: 'dist' };
    writeFileSync(join(project, 'lib/tsconfig.json'), JSON.stringify({ compilerOptions }));
    const references = [{ path: '../lib' }];
    writeFileSync(join(project, 'app/tsconfig.json'), JSON.stringify({ compilerOptions, references }));

    expect(compile(project, tsc, '--build', 'app')).toBe('');
    expect(readdirSync(join(project, 'lib/dist'))).toContain('interface.d.ts');
  });

  it.each([
    ['node16', 'node16'],
    ['commonjs', 'node10'],
  ])(
    'calls an interface from CommonJS, with the module format %s and the resolution %s',
    (module, moduleResolution) => {
      // TypeScript 7 no longer has it.
      if (moduleResolution === 'node10' && name !== '5.9') return;
      const project = copyProject(`${module}-${moduleResolution}-${name}`, 'commonjs');
      writeFileSync(join(project, 'package.json'), '{ "type": "commonjs" }');
      const compilerOptions = { ...strict, verbatimModuleSyntax: false, module, moduleResolution, outDir: 'dist' };
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));

      expect(compile(project, tsc)).toBe('');
      const { stdout, stderr } = spawnSync(process.execPath, ['dist/main.js'], { cwd: project, encoding: 'utf8' });
      expect({ stdout, stderr }).toEqual({ stdout: 'FIDIUS_PLUGIN_NOT_FOUND true\n', stderr: '' });
    },
  );

  it('writes the types of an interface out, with isolatedDeclarations', () => {
    const project = copyProject(`isolated-${name}`, 'isolated');
    const compilerOptions = { ...strict, declaration: true, isolatedDeclarations: true, outDir: 'dist' };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));

    expect(compile(project, tsc)).toBe('');
  });
});

/** Options of a project that also checks the declarations of its dependencies; `@types/node` has to accept them too. */
const strict = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
};

function copyProject(project: string, ...parts: readonly string[]): string {
  const target = join(folder, project);
  // A single part is the root of its project.
  for (const part of parts) {
    cpSync(join(sources, part), parts.length === 1 ? target : join(target, part), { recursive: true });
  }
  return target;
}

/** What the compiler printed: nothing, if it accepts the project. */
function compile(project: string, tsc: string, ...options: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...options], { cwd: project, encoding: 'utf8' });
  return status === 0 ? '' : `exit code ${status}\n${stdout}${stderr}`;
}

/** A version of TypeScript: the one of this project, or one from npm. None, with the reason printed, if npm has none. */
function findCompiler(name: string): readonly Compiler[] {
  const own = fileURLToPath(new URL('../../node_modules/typescript', import.meta.url));
  const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { readonly version: string };
  if (version.startsWith(`${name}.`)) return [{ name, tsc: join(own, 'bin/tsc') }];

  const modules = installTool(folder, `typescript@${name}`, '--ignore-scripts');
  return modules === undefined ? [] : [{ name, tsc: join(modules, 'typescript/bin/tsc') }];
}
