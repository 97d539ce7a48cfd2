import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from '../support/installed-package.ts';
import { installTool } from '../support/npm-tool.ts';
import { writeGreeter } from '../support/plugin-folders.ts';

/** A project of a user, with the package installed as it is shipped. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-runtime-')));
const root = fileURLToPath(new URL('../..', import.meta.url));

const runtimes = ['deno@2.9.6', 'bun@1.4.5'].map((spec) => {
  const [name = ''] = spec.split('@');
  return { name, modules: installTool(folder, spec) };
});
const [deno, bun] = runtimes.map(({ name, modules }) => (modules === undefined ? '' : join(modules, '.bin', name)));

beforeAll(() => {
  installPackage(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  cpSync(new URL('../fixtures/launches/executors.js', import.meta.url), join(folder, 'executors.js'));
  writeGreeter(join(folder, 'plugins'), 'greeter');
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  const weather = { entryPoints: [join(root, 'examples/weather.ts')], outfile: join(folder, 'examples/weather.js') };
  buildSync({ ...weather, bundle: true, platform: 'node', format: 'esm', external: ['fidius'] });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(deno)('Deno', () => {
  it('runs the example to its end', () => {
    const { exitCode, stdout, stderr } = run([deno, 'run', '--allow-all', 'examples/weather.js']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Longest dry spell since 2012: ');
  });

  it.each(['inline', 'thread'])('calls a plugin with the executor %s, and ends Python with the process', (executor) => {
    expect(run([deno, 'run', '--allow-all', 'executors.js', executor])).toEqual({
      exitCode: 0,
      stdout: 'Hello, Ada\n',
      stderr: '',
    });
  });
});

describe.runIf(bun)('Bun', () => {
  it('calls a plugin with the executor inline', () => {
    expect(run([bun, 'executors.js', 'inline'])).toEqual({ exitCode: 0, stdout: 'Hello, Ada\n', stderr: '' });
  });

  it('is told that the executor thread does not work, and which one does', () => {
    const { exitCode, stdout } = run([bun, 'executors.js', 'thread']);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^FIDIUS_EXECUTOR_UNSUPPORTED: The executor "thread" does not work in Bun\nhint: .*"inline"/,
    );
  });
});

function run([program = '', ...args]: readonly (string | undefined)[]) {
  const { PATH, HOME, FIDIUS_PYTHON } = process.env;
  const env = { PATH, HOME, NO_COLOR: '1', ...(FIDIUS_PYTHON === undefined ? {} : { FIDIUS_PYTHON }) };
  const options = { cwd: folder, env, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(program, args.map(String), options);
  return { exitCode: status, stdout, stderr };
}
