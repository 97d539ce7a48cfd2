import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from '../support/installed-package.ts';
import { readPages } from '../support/markdown.ts';
import { installTool } from '../support/npm-tool.ts';
import { writeGreeter } from '../support/plugin-folders.ts';

/** A project of a user of pnpm. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-pnpm-')));
const project = join(folder, 'project');
const modules = installTool(folder, 'pnpm@12.21.0');

beforeAll(() => {
  const shipped = join(folder, 'shipped');
  for (const path of [project, shipped]) mkdirSync(path);
  cpSync(new URL('../fixtures/launches/load.js', import.meta.url), join(project, 'load.js'));
  writeGreeter(join(project, 'plugins'), 'greeter');
  installPackage(shipped);
  const pack = ['pack', '--ignore-scripts', '--pack-destination', project, join(shipped, 'node_modules/fidius')];
  execFileSync('npm', pack, { stdio: ['ignore', 'pipe', 'pipe'] });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(modules)('pnpm', () => {
  it('installs the package with the setting of the documentation, without a script, and the package runs', () => {
    const page = readPages().find(({ path }) => path === 'docs/how-to/bundlers-and-test-runners.md')?.text ?? '';
    const [, setting = ''] = /```text file=pnpm-workspace\.yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const dependencies = { fidius: `file:./${readdirSync(project).find((name) => name.endsWith('.tgz'))}` };
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
    writeFileSync(join(project, 'pnpm-workspace.yaml'), setting);
    const install = run(join(modules ?? '', '.bin/pnpm'), 'install', '--store-dir', join(folder, 'store'));

    expect(install).toEqual({ exitCode: 0, output: expect.not.stringContaining('Ignored build scripts') });
    expect(run(process.execPath, 'load.js')).toEqual({ exitCode: 0, output: 'Hello, Ada\n' });
  });
});

function run(program: string, ...args: readonly string[]) {
  const env = { ...process.env, CI: '1', NODE_NO_WARNINGS: '1' };
  const options = { cwd: project, env, encoding: 'utf8', timeout: 80_000, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  return { exitCode: status, output: stdout + stderr };
}
