import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, linkDependencies, linkPackage, unpackPackage } from '../support/installed-package.ts';
import { root } from '../support/markdown.ts';

const files = [
  '.gitignore',
  'README.md',
  'greeter.ts',
  'host.ts',
  'package.json',
  'plugins/polite-greeter/package.toml',
  'plugins/polite-greeter/polite_greeter.py',
  'tests/host.test.ts',
  'tests/test_polite_greeter.py',
  'tsconfig.json',
];

describe('the project of fidius init app, with the packed library,', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-app-')));
  const app = join(folder, 'my-app');

  /** Runs a program in the project, as its user does. */
  const run = (program: string, ...argv: readonly string[]) => {
    const env = { PATH: process.env['PATH'], HOME: folder };
    const { status, stdout, stderr } = spawnSync(program, argv, { cwd: app, encoding: 'utf8', env });
    return { exitCode: status, stdout, stderr };
  };

  beforeAll(() => {
    installPacked(folder);
    unpackPackage(folder, 'create-fidius', join(root, 'packages/create-fidius'));
    linkDependencies(folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is created by the program of create-fidius', () => {
    const program = join(folder, 'node_modules/create-fidius/create-fidius.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'my-app'], {
      cwd: folder,
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Created app: my-app
      Next:
        1. cd my-app
        2. npm install
        3. npm start
        4. npm test
      "
    `);
    expect(filesIn(app)).toEqual(files);
  });

  it('compiles, runs, and passes its tests', async () => {
    // As `npm install` does in the project.
    mkdirSync(join(app, 'node_modules'));
    renameSync(join(folder, 'node_modules/fidius'), join(app, 'node_modules/fidius'));
    linkDependencies(app);
    for (const name of ['.bin', '@types', 'esbuild', 'get-tsconfig', 'tsx', 'typescript', 'undici-types']) {
      linkPackage(app, name);
    }

    const check = run('npm', 'run', '--silent', 'check');
    const start = run('npm', 'run', '--silent', 'start');
    const test = run('npm', 'run', '--silent', 'test');

    expect(check).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(start).toEqual({ exitCode: 0, stdout: 'polite-greeter 0.1.0: Hello, World!\n', stderr: '' });
    expect(test).toMatchObject({ exitCode: 0 });
    expect(test.stdout).toMatch(/# pass 2\n|ℹ pass 2\n/);
    expect(test.stderr).toMatch(/Ran 2 tests[^]*OK/);
  });

  it('has tests that fail when the plugin is wrong', () => {
    const module = join(app, 'plugins/polite-greeter/polite_greeter.py');
    const text = readFileSync(module, 'utf8');
    writeFileSync(module, text.replace('Hello, {name}!', 'Hello!'));

    const outcomes = ['test:host', 'test:plugins'].map((script) => run('npm', 'run', '--silent', script));
    writeFileSync(module, text);

    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([1, 1]);
  });

  it('does what its README says, and keeps what must not be committed out of git', () => {
    const commands = [...readFileSync(join(app, 'README.md'), 'utf8').matchAll(/^npx fidius .*$/gm)].map(
      ([line]) => line,
    );
    const npx = `npx() { shift; '${process.execPath}' node_modules/fidius/dist/bundle/cli.js "$@"; }`;
    // Byte-code, as tests write it.
    const compiled = run('python3', '-m', 'compileall', '-q', 'plugins');
    const outcomes = commands.map((command) => run('bash', '-ec', `${npx}\n${command}`));
    run('git', 'init', '--quiet');
    mkdirSync(join(app, 'plugins/polite-greeter/vendor'));
    for (const path of ['plugins/polite-greeter/vendor/x.py', 'plugins/polite-greeter/package.sig', 'acme.secret']) {
      writeFileSync(join(app, path), '');
    }
    const { stdout } = run('git', 'status', '--porcelain', '--untracked-files=all');

    expect(compiled.exitCode).toBe(0);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(outcomes[0]?.stdout).toBe('"Hello, World!"\n');
    expect(outcomes[2]?.stdout).toContain('has no requirements.txt');
    expect(existsSync(join(app, 'polite-greeter-0.1.0.fid'))).toBe(true);
    expect(
      stdout
        .split('\n')
        .map((line) => line.slice(3))
        .filter((path) => path !== '')
        .sort(),
    ).toEqual([...files, 'plugins/another-greeter/another_greeter.py', 'plugins/another-greeter/package.toml'].sort());
  });
});

/** The files below a folder, without installed packages. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('node_modules/'))
    .sort();
}
