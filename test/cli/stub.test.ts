import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { tempFolder } from '../support/temp-folder.ts';

const fixtures = join(import.meta.dirname, '../fixtures/interfaces');
const approved = readFileSync(join(import.meta.dirname, '../fixtures/stubs/greeter.py'), 'utf8');

async function run(argv: readonly string[], cwd = fixtures) {
  const { exitCode, stdout, stderr } = await fidiusIn(cwd, ['stub', ...argv]);
  return { exitCode, stdout, stderr };
}

describe('fidius stub', () => {
  it.each([
    [['greeter.ts']],
    [['greeter.ts#Greeter']],
    [['greeter.ts', '--out', '-']],
    [['./greeter.ts', '--interface', 'Greeter']],
  ])('prints the stub of the only interface of a module: %j', async (argv) => {
    expect(await run(argv)).toEqual({ exitCode: 0, stdout: approved, stderr: '' });
  });

  it('writes the stub to a file, and prints its path', async () => {
    const out = join(tempFolder('with space'), 'größe.py');

    const outcome = await run(['greeter.ts', '--out', out]);

    expect(outcome).toEqual({ exitCode: 0, stdout: `Wrote ${out}: Greeter with 1 method\n`, stderr: '' });
    expect(readFileSync(out, 'utf8')).toBe(approved);
  });

  it('resolves module and output file against the current folder', async () => {
    const cwd = tempFolder();

    const outcome = await run([join(fixtures, 'several.ts'), '--interface=Two', '--out=two.py'], cwd);

    expect(outcome.stdout).toBe(`Wrote <here>/two.py: Two with 2 methods\n`);
    expect(readFileSync(join(cwd, 'two.py'), 'utf8')).toContain('def too() -> int:');
  });

  it('creates the missing folders of the file', async () => {
    const cwd = tempFolder();

    const outcome = await run([join(fixtures, 'greeter.ts'), '--out', 'new/deep/mine.py'], cwd);

    expect(outcome.exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'new/deep/mine.py'), 'utf8')).toBe(approved);
  });

  it('replaces an existing file only with --force', async () => {
    const out = join(tempFolder(), 'mine.py');
    writeFileSync(out, 'work of days');

    const refused = await run(['greeter.ts', '--out', out]);

    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toBe(
      `error: Cannot write ${out}: it already exists\nhint: Choose another file, or replace it with --force.\n`,
    );
    expect(readFileSync(out, 'utf8')).toBe('work of days');
    expect((await run(['greeter.ts', '--out', out, '--force'])).exitCode).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(approved);
  });

  it.each<[string, readonly string[], string]>([
    [
      'a missing file',
      ['nowhere.ts'],
      `Cannot import <here>/nowhere.ts: there is no such file\nhint: Correct the path of the module.\n`,
    ],
    ['a module that throws', ['failing.ts'], `Cannot import <here>/failing.ts: no interfaces today\n`],
    ['no interface', ['none.ts'], 'none.ts exports no interface\nhint: Export the result of defineInterface().\n'],
    [
      'several',
      ['several.ts'],
      'several.ts exports 2 interfaces: One, Two\nhint: Append the name of one: several.ts#<name>.\n',
    ],
    [
      'another name',
      ['several.ts', '--interface', 'Tow'],
      'several.ts exports no interface Tow; its interfaces are: One, Two\nhint: Name one of these, or export the interface from the module.\n',
    ],
    [
      'a folder that cannot be created',
      ['greeter.ts', '--out', '/proc/nowhere/deep/x.py'],
      "Cannot create the folder /proc/nowhere/deep: ENOENT: no such file or directory, mkdir '/proc/nowhere'\n",
    ],
  ])('fails with %s', async (_what, argv, message) => {
    expect(await run(argv)).toEqual({ exitCode: 1, stdout: '', stderr: `error: ${message}` });
  });

  it('requires a module', async () => {
    expect(await run([])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'error: fidius stub needs <module>\nhint: Usage: fidius stub <module> [options]\n',
    });
  });
});
