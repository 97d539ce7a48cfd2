import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { tempFolder } from '../support/temp-folder.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const fixtures = join(import.meta.dirname, '../fixtures/interfaces');
const greeter = join(fixtures, 'greeter.ts');

function filesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), textOf(path)]));
}

/** Its text, the version of this library aside. */
function textOf(path: string): string {
  return readFileSync(path, 'utf8').replace(`"^${version}"`, '"^<version>"');
}

describe('fidius init app', () => {
  it('writes a project with tests for both sides, and prints the next steps', async () => {
    const folder = tempFolder();

    const outcome = await fidiusIn(folder, ['init', 'app', 'my-app', '--path', 'projects']);

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatchInlineSnapshot(`
      "Created app: projects/my-app
      Next:
        1. cd projects/my-app
        2. npm install
        3. npm start
        4. npm test
      "
    `);
    expect(filesOf(join(folder, 'projects/my-app'))).toMatchSnapshot();
  });

  it('writes into the current folder without a name, and keeps other files', async () => {
    const folder = join(tempFolder(), 'My Shop 2');
    mkdirSync(folder);
    writeFileSync(join(folder, 'notes.txt'), 'mine');

    const outcome = await fidiusIn(folder, ['init', 'app']);

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatchInlineSnapshot(`
      "Created app: .
      Next:
        1. npm install
        2. npm start
        3. npm test
      "
    `);
    expect(filesOf(folder)).toMatchObject({
      'notes.txt': 'mine',
      'package.json': expect.stringContaining('"name": "my-shop-2"'),
    });
  });

  it('replaces no file of the current folder, and writes nothing if one exists', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(join(folder, 'README.md'), '# Mine');

    const { exitCode, stderr } = await fidiusIn(folder, ['init', 'app']);

    expect(exitCode).toBe(1);
    expect(stderr).toMatchInlineSnapshot(`
      "error: Cannot write into <here>: package.json and 1 more already exists
      hint: Use an empty folder, or give the name of a new one: \`fidius init app <name>\`.
      "
    `);
    expect(filesOf(folder)).toEqual({ 'package.json': '{}', 'README.md': '# Mine' });
  });

  it('removes what it wrote if a file cannot be written', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'plugins'), 'a file');

    const { exitCode, stderr } = await fidiusIn(folder, ['init', 'app']);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: Cannot write <here>: E/);
    expect(filesOf(folder)).toEqual({ plugins: 'a file' });
  });

  it('does not give the project the name of a package that it installs', async () => {
    const folder = tempFolder();

    await fidiusIn(folder, ['init', 'app', 'fidius']);

    expect(filesOf(join(folder, 'fidius'))['package.json']).toContain('"name": "fidius-project"');
  });

  it.each([
    ['a name that is a path', ['a/b']],
    ['a parent folder without a name', ['--path', 'x']],
    ['two names', ['one', 'two']],
  ])('rejects %s, and writes nothing', async (_what, argv) => {
    const folder = tempFolder();

    const { exitCode, stderr } = await fidiusIn(folder, ['init', 'app', ...argv]);

    expect(exitCode).toBe(2);
    expect(stderr).toMatchSnapshot();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('fidius init interface', () => {
  it('writes a package with an interface', async () => {
    const folder = tempFolder();

    const outcome = await fidiusIn(folder, ['init', 'interface', 'my-greeter']);

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatchInlineSnapshot(`
      "Created interface: my-greeter
      Next:
        1. npm install fidius tsx
        2. npx fidius init plugin <name> --interface my-greeter/my-greeter.ts
      "
    `);
    expect(filesOf(join(folder, 'my-greeter'))).toMatchSnapshot();
  });

  it('uses the given interface name and parent folder', async () => {
    const folder = tempFolder();

    const { stdout } = await fidiusIn(folder, [
      'init',
      'interface',
      'g',
      '--interface',
      'Größe',
      '--path',
      'a/b',
      '--json',
    ]);

    expect(JSON.parse(stdout)).toEqual({ path: '<here>/a/b/g', files: ['package.json', 'tsconfig.json', 'g.ts'] });
    expect(readFileSync(join(folder, 'a/b/g/g.ts'), 'utf8')).toContain(
      "export const Größe = defineInterface('Größe', {",
    );
  });

  it.each([
    ['a name that is a path', ['../x'], 2],
    ['a name that starts with a digit', ['1st'], 2],
    ['no name', [], 2],
    ['an interface name that is not valid in Rust', ['x', '--interface', 'my greeter'], 1],
  ])('rejects %s, and writes nothing', async (_what, argv, expected) => {
    const folder = tempFolder();

    const { exitCode, stderr } = await fidiusIn(folder, ['init', 'interface', ...argv]);

    expect(exitCode).toBe(expected);
    expect(stderr).toMatchSnapshot();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('fidius init plugin', () => {
  it('writes a package with a stub for the interface', async () => {
    const folder = tempFolder();

    const outcome = await fidiusIn(folder, [
      'init',
      'plugin',
      'my-greeter',
      '--interface',
      greeter,
      '--extension',
      'gre',
    ]);

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatchInlineSnapshot(`
      "Created plugin: my-greeter
      Next: write its methods in my-greeter/my_greeter.py
      "
    `);
    expect(filesOf(join(folder, 'my-greeter'))).toMatchSnapshot();
    expect(readManifest(join(folder, 'my-greeter'))).toMatchObject({ extension: 'gre', interface: 'Greeter' });
  });

  it('avoids module names of the standard library', async () => {
    const folder = tempFolder();

    await fidiusIn(folder, ['init', 'plugin', 'json', '--interface', greeter]);

    expect(Object.keys(filesOf(join(folder, 'json')))).toEqual(['json_plugin.py', 'package.toml']);
    expect(readManifest(join(folder, 'json'))).toMatchObject({ python: { entryModule: 'json_plugin' } });
  });

  it('keeps an existing folder', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine/work.py'), 'of days');

    const { exitCode, stderr } = await fidiusIn(folder, ['init', 'plugin', 'mine', '--interface', greeter]);

    expect(exitCode).toBe(1);
    expect(stderr).toMatchInlineSnapshot(`
      "error: Cannot write <here>/mine: it already exists
      hint: Choose another name, or another folder with --path.
      "
    `);
    expect(filesOf(join(folder, 'mine'))).toEqual({ 'work.py': 'of days' });
  });

  it('removes incomplete folders after an error', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'file'), '');

    const { exitCode, stderr } = await fidiusIn(folder, [
      'init',
      'plugin',
      'x',
      '--interface',
      greeter,
      '--path',
      'file',
    ]);

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: Cannot write <here>\/file\/x: ENOTDIR/);
    expect(filesOf(folder)).toEqual({ file: '' });
  });

  it.each([
    ['no interface', ['x'], 2],
    ['a missing one', ['x', '--interface', `${greeter}#Gretter`], 1],
    ['several', ['x', '--interface', join(fixtures, 'several.ts')], 1],
  ])('requires exactly one interface: %s', async (_what, argv, expected) => {
    const { exitCode, stderr } = await fidiusIn(tempFolder(), ['init', 'plugin', ...argv]);

    expect(exitCode).toBe(expected);
    expect(stderr.replaceAll(fixtures, '<fixtures>')).toMatchSnapshot();
  });
});

describe('fidius init host', () => {
  it('writes a program that loads plugins, and prints the next steps', async () => {
    const folder = tempFolder();

    const outcome = await fidiusIn(folder, ['init', 'host', 'app', '--interface', greeter]);

    const files = filesOf(join(folder, 'app'));
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout.replaceAll(fixtures, '<fixtures>')).toMatchInlineSnapshot(`
      "Created host: app
      Next:
        1. npm install fidius tsx
        2. npx fidius init plugin <name> --path app/plugins --interface <fixtures>/greeter.ts
        3. npx tsx app/host.ts
      "
    `);
    expect(Object.keys(files)).toEqual(['host.ts', 'package.json', 'tsconfig.json']);
    expect(files['host.ts']?.replace(/'\.\..*\/greeter/, "'…/greeter")).toMatchSnapshot();
  });

  it('imports the interface by its path and the name of its export', async () => {
    const folder = tempFolder();
    const imports = "import { defineInterface } from 'fidius';\n";
    writeFileSync(
      join(folder, 'default.mts'),
      `${imports}export default defineInterface('Greeter', { version: 1, methods: {} });\n`,
    );
    mkdirSync(join(folder, 'app'));
    writeFileSync(
      join(folder, 'app/own.mts'),
      `${imports}export const mine = defineInterface('Own', { version: 1, methods: {} });\n`,
    );
    mkdirSync(join(folder, 'node_modules'));

    const first = await fidiusIn(folder, ['init', 'host', 'one', '--interface', 'default.mts']);
    const second = await fidiusIn(folder, ['init', 'host', 'two', '--interface', 'app/own.mts#Own', '--path', 'app']);

    expect([first.stderr, second.stderr]).toEqual(['', '']);
    expect(readFileSync(join(folder, 'one/host.ts'), 'utf8')).toContain("import Greeter from '../default.mts';");
    expect(readFileSync(join(folder, 'app/two/host.ts'), 'utf8')).toContain("import { mine } from '../own.mts';");
    expect(readFileSync(join(folder, 'app/two/host.ts'), 'utf8')).toContain('host.loadAll(mine)');
  });
});
