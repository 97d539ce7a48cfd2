import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { method, t } from 'fidius';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, linkPackage } from '../support/installed-package.ts';

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
  linkPackage(folder, 'undici-types');
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

  const prefix = join(folder, `typescript-${name}`);
  mkdirSync(prefix);
  const install = [
    'install',
    '--prefix',
    prefix,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--fetch-retries=0',
    `typescript@${name}`,
  ];
  const { status, stderr, error } = spawnSync('npm', install, { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return [{ name, tsc: join(prefix, 'node_modules/typescript/bin/tsc') }];
  const reason = `TypeScript ${name} cannot be installed from npm: ${error?.message ?? stderr.trim()}`;
  if (process.env['FIDIUS_REQUIRE'] === '1') throw new Error(reason);
  console.warn(`Skipped: ${reason}`);
  return [];
}
