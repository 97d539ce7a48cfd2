import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from '../support/installed-package.ts';
import { writeGreeter, writePackage } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';

/** A project of a user of Yarn, whose packages are where `.pnp.cjs` says. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-yarn-')));
const yarn = createRequire(import.meta.url).resolve('@yarnpkg/cli-dist/bin/yarn.js');
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

beforeAll(() => {
  cpSync(new URL('../fixtures/launches', import.meta.url), folder, { recursive: true });
  writeGreeter(join(folder, 'plugins'), 'greeter');
  const noise = Array.from({ length: 400_000 }, (_, at) => ((at * 2_654_435_761) ^ (at >>> 3)).toString(36)).join('');
  writePackage({ name: 'big', folder: join(folder, 'big'), files: { 'probe_main.py': '', 'data.txt': noise } });
  // An interpreter that has to be asked where its library is.
  const shim = `#!/bin/sh\nexec ${embeddablePythons()[0]?.executable} "$@"\n`;
  writeFileSync(join(folder, 'python-shim'), shim, { mode: 0o755 });

  const shipped = join(folder, 'shipped');
  mkdirSync(shipped);
  installPackage(shipped);
  const pack = ['pack', '--ignore-scripts', '--pack-destination', folder, join(shipped, 'node_modules/fidius')];
  execFileSync('npm', pack, { stdio: ['ignore', 'pipe', 'pipe'] });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("Yarn Plug'n'Play", () => {
  it('has the package unpacked, which then loads plugins and packs packages', () => {
    install({});

    expect(run('load.js')).toEqual({ exitCode: 0, output: 'Hello, Ada\n' });
    expect(run('packages.js')).toEqual({ exitCode: 0, output: '{"name":"big","found":1,"same":true}\n' });
  }, 120_000);

  it('is told to have it unpacked where the project says otherwise', () => {
    install({ fidius: { unplugged: false } });

    const { exitCode, output } = run('load.js');
    expect(exitCode).toBe(0);
    expect(output).toMatch(
      /^FIDIUS_RUNTIME_MISSING: The Python files of fidius are inside a zip archive: .*\nhint: Have Yarn/,
    );
  }, 120_000);
});

/** Installs without the network: what the package depends on is linked from here. */
function install(dependenciesMeta: object): void {
  const linked = ['koffi', 'bzip2-wasm', 'semver', 'smol-toml'].map((name) => [name, `link:${join(modules, name)}`]);
  const manifest = {
    name: 'project',
    type: 'module',
    dependencies: { fidius: `file:./${readdirSync(folder).find((name) => name.endsWith('.tgz'))}` },
    resolutions: Object.fromEntries(linked),
    dependenciesMeta,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'yarn.lock'), '');
  const { exitCode, output } = runYarn('install', '--no-immutable');
  if (exitCode !== 0) throw new Error(output);
}

function run(program: string) {
  return runYarn('node', program);
}

function runYarn(...args: readonly string[]) {
  const env = {
    PATH: process.env['PATH'],
    FIDIUS_PYTHON: join(folder, 'python-shim'),
    YARN_GLOBAL_FOLDER: join(folder, 'global'),
    YARN_ENABLE_NETWORK: '0',
    YARN_ENABLE_TELEMETRY: '0',
    NODE_NO_WARNINGS: '1',
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [yarn, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 100_000,
    killSignal: 'SIGKILL',
  });
  return { exitCode: status, output: stdout + stderr };
}
