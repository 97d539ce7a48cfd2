import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, linkPackage, runInstalled } from '../support/installed-package.ts';
import { fill, pythonManifest } from '../support/packages.ts';

describe('fidius, installed', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-installed-')));
  const node = (...argv: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
    return { exitCode: status, stdout, stderr };
  };

  beforeAll(() => {
    installPackage(folder);
    for (const name of ['@types', 'esbuild', 'get-tsconfig', 'tsx', 'undici-types']) linkPackage(folder, name);
    writeFileSync(join(folder, 'package.json'), '{}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('creates an interface, a plugin and a host that compile and run together', () => {
    const steps = [
      runInstalled(folder, ['init', 'interface', 'greeter']),
      runInstalled(folder, ['init', 'host', 'app', '--interface', 'greeter/greeter.ts']),
      runInstalled(folder, [
        'init',
        'plugin',
        'my-greeter',
        '--interface',
        'greeter/greeter.ts',
        '--path',
        'app/plugins',
      ]),
    ];
    const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');

    expect(steps.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      steps.map(() => ({ exitCode: 0, stderr: '' })),
    );
    expect(steps[1]?.stdout).not.toContain('npm install');
    expect(node(tsc, '-p', 'greeter')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(node(tsc, '-p', 'app')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(node('--import', 'tsx', 'app/host.ts')).toEqual({
      exitCode: 0,
      stdout: 'my-greeter 0.1.0: HELLO\n',
      stderr: '',
    });
  });

  it('says how to install the SDK of MCP if it is not there', () => {
    fill(folder, { 'shop/package.toml': pythonManifest('shop'), 'shop/demo.py': '' });

    const outcome = runInstalled(folder, ['mcp', 'shop', '--interface', 'greeter/greeter.ts']);

    expect(outcome).toMatchObject({
      exitCode: 1,
      stderr:
        'error: MCP needs the package @modelcontextprotocol/sdk\n' +
        'hint: Install it next to fidius: `npm install @modelcontextprotocol/sdk`.\n',
    });
  });

  it('creates a host that ignores plugins for other interfaces, and names those that cannot be loaded', () => {
    const plugins = join(folder, 'app/plugins');
    fill(plugins, {
      'other/package.toml': pythonManifest('other').replace('Greeter', 'Other'),
      'other/demo.py': 'raise RuntimeError("not for this host")\n',
      'old/package.toml': pythonManifest('old').replace('interface_version = 1', 'interface_version = 9'),
      'old/demo.py': '',
    });

    const outcome = node('--import', 'tsx', 'app/host.ts');
    for (const name of ['old', 'other']) rmSync(join(plugins, name), { recursive: true });

    expect(outcome).toEqual({
      exitCode: 0,
      stdout: 'my-greeter 0.1.0: HELLO\n',
      stderr: `Cannot load ${join(plugins, 'old')}: it implements version 9 of Greeter, the host expects version 1\n`,
    });
  });

  it.each([
    ['fidius', 'FidiusError'],
    ['fidius/packaging', 'PackageStore'],
  ])('exports classes of %s under their own names, such as %s', (entry, example) => {
    const { stdout } = node(
      '--input-type=module',
      '--eval',
      `const classes = Object.entries(await import('${entry}')).filter(([, value]) => /^class\\b/.test(String(value)));
      console.log(JSON.stringify(classes.map(([name, { name: own }]) => [name, own])));`,
    );
    const names = JSON.parse(stdout) as readonly (readonly [string, string])[];

    expect(names.map(([, own]) => own)).toEqual(names.map(([name]) => name));
    expect(names.map(([name]) => name)).toContain(example);
  });

  it('runs a package with an interface from the bundled entry of the library', () => {
    const imports = "import { defineInterface, method, t } from 'fidius';\n";
    const methods = '{ half: method({ whole: t.f64 }, t.f64), echo: method({ text: t.string }, t.list(t.f64)) }';
    writeFileSync(
      join(folder, 'half.mjs'),
      `${imports}export const Half = defineInterface('Half', { version: 1, methods: ${methods} });\n`,
    );
    const hash = /0x\w+/.exec(runInstalled(folder, ['stub', 'half.mjs']).stdout)?.[0];
    fill(join(folder, 'half'), {
      'package.toml': pythonManifest('half').replace('Greeter', 'Half'),
      'demo.py': `__interface_hash__ = ${hash}\ndef half(x): return x / 2\ndef echo(text): return [1.0, text]\n`,
    });
    const run = (...argv: readonly string[]) =>
      runInstalled(folder, ['run', 'half', ...argv, '--interface', 'half.mjs']);

    expect(run('half', '6')).toMatchObject({ exitCode: 0, stdout: '3\n', stderr: '' });
    expect(run('half', '"six"').stderr).toContain('half() of half: argument "whole" must be a number, got "six"');
    expect(run('echo', '"x"').stderr).toContain('echo() of half: result[1] must be a number, got "x"');
    expect(run('echo', '"\\ud800"').stderr).toContain('echo() of half: argument "text"');
  });
});
