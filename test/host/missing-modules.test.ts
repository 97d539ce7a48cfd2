import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executorNames, loadPythonPlugin, PluginHost } from '../../src/index.ts';
import { packPackage } from '../../src/packaging.ts';
import { loadPlugin } from '../../src/testing.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A package that imports `no_such_thing`, with the text of its requirements file. */
function writeNeedy(searchPath: string, requirements?: string, files: Readonly<Record<string, string>> = {}): string {
  const lines = ['import json', 'import no_such_thing.part', ...greeterLines.complete];
  const folder = writePlugin(searchPath, 'needy', Greeter, ...lines);
  const texts = requirements === undefined ? files : { ...files, 'requirements.txt': requirements };
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('a module that is missing', () => {
  it.each(executorNames)('is explained by the requirements, with the executor %s', async (executor) => {
    const searchPath = tempFolder();
    const folder = writeNeedy(searchPath, '# what it needs\nNo.Such_Thing[extra]>=1 ; python_version > "3"\n');
    await using host = await PluginHost.open({ searchPaths: [searchPath], executor });

    const error = await failureOf(() => host.load('needy', Greeter));

    expect(error.code).toBe('FIDIUS_IMPORT_FAILED');
    expect(error.message).toBe(
      `Cannot load ${folder}: importing needy failed at ${join(folder, 'needy.py')}:3 with ModuleNotFoundError: ` +
        "No module named 'no_such_thing'; requirements.txt names no_such_thing, and nothing is vendored",
    );
    expect(error.hint).toBe(`Run \`fidius package vendor ${folder}\`.`);
  });

  it.each<[string, string | undefined, Record<string, string>, string]>([
    [
      'without requirements',
      undefined,
      {},
      'Name the distribution that contains no_such_thing in requirements.txt of the package, and run `fidius package vendor <folder>`.',
    ],
    [
      'in a distribution of another name',
      'other-name==1',
      {},
      'Run `fidius package vendor <folder>`. If no distribution in requirements.txt contains no_such_thing, add it first.',
    ],
    [
      'that was added after vendoring',
      'no-such-thing',
      { 'vendor/x.py': '' },
      'Delete the folder vendor, and run `fidius package vendor <folder>`.',
    ],
    [
      'that is not required, next to vendored ones',
      'x',
      { 'vendor/x.py': '' },
      'Name the distribution that contains no_such_thing in requirements.txt of the package. Delete the folder vendor, and run `fidius package vendor <folder>`.',
    ],
  ])('has a hint %s', async (_what, requirements, files, hint) => {
    const folder = writeNeedy(tempFolder(), requirements, files);

    const failures = [
      await failureOf(() => loadPlugin(folder, Greeter)),
      await failureOf(() => loadPythonPlugin(folder, Greeter.descriptor)),
    ];

    for (const error of failures) {
      expect(error.code).toBe('FIDIUS_IMPORT_FAILED');
      expect(error.hint?.replace(folder, '<folder>')).toBe(hint);
    }
  });

  it('names the file of requirements in the manifest, and the folder of an archive', async () => {
    const searchPath = tempFolder();
    const folder = writeNeedy(tempFolder(), undefined, { 'needs.txt': 'no_such_thing' });
    const manifest = readFileSync(join(folder, 'package.toml'), 'utf8');
    writeFileSync(join(folder, 'package.toml'), `${manifest}requirements = "needs.txt"\n`);
    await packPackage(folder, { output: join(searchPath, 'needy.fid'), vendor: false });
    await using host = await PluginHost.open({ searchPaths: [searchPath], storeDir: tempFolder() });

    const error = await failureOf(() => host.load('needy', Greeter));

    expect(error.message).toContain('; needs.txt names no_such_thing, and nothing is vendored');
    expect(error.hint).toBe(
      'Run `fidius package vendor` and `fidius package pack` on the folder that the archive was made from.',
    );
  });
});

describe('fidius run', () => {
  it('prints where an import failed, then its traceback, then what to do', async () => {
    const here = tempFolder();
    writeNeedy(here, 'no_such_thing');

    const { exitCode, stderr } = await fidiusIn(here, ['run', 'needy', 'greet', '"x"']);

    expect(exitCode).toBe(1);
    expect(stderr.replace(/^note: .*\n/, '')).toMatchInlineSnapshot(`
      "error: Cannot load <here>/needy: importing needy failed at <here>/needy/needy.py:3 with ModuleNotFoundError: No module named 'no_such_thing'; requirements.txt names no_such_thing, and nothing is vendored
      Traceback (most recent call last):
        File "<here>/needy/needy.py", line 3, in <module>
          import no_such_thing.part
      ModuleNotFoundError: No module named 'no_such_thing'
      hint: Run \`fidius package vendor <here>/needy\`.
      "
    `);
  });

  it('prints the line of a syntax error', async () => {
    const here = tempFolder();
    writePlugin(here, 'typo', Greeter, 'import broken_part');
    writeFileSync(join(here, 'typo/broken_part.py'), 'x = 1\ndef greet(:\n');

    const { stderr } = await fidiusIn(here, ['run', 'typo', 'greet', '"x"']);

    expect(stderr).toContain('failed at <here>/typo/broken_part.py:2 with SyntaxError: ');
    expect(stderr).toContain('\n  File "<here>/typo/typo.py", line 2, in <module>\n');
  });
});
