import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './support/markdown.ts';
import { fill } from './support/packages.ts';
import { pythonWithPip } from './support/wheels.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-sdk-')));
/** As in `node_modules/fidius` of a project. */
const sdk = join(folder, 'python');
const before = copySdk();
const python = join(folder, '.venv/bin/python');
const unavailable = installSdk();

describe.skipIf(unavailable)('the Python SDK, installed with pip into a virtual environment,', () => {
  beforeAll(() =>
    fill(folder, {
      'plugins/greeter.py': [
        'from fidius import PluginError, method',
        '@method',
        'def greet(name: str) -> str:',
        '    if not name: raise PluginError("EMPTY_NAME", "a name is needed")',
        '    return f"Hello, {name}!"',
      ].join('\n'),
      'tests/test_greeter.py': [
        'import sys, unittest',
        `sys.path.insert(0, ${JSON.stringify(join(folder, 'plugins'))})`,
        'import fidius, greeter',
        'class GreeterTest(unittest.TestCase):',
        '    def test_greets(self): self.assertEqual(greeter.greet("World"), "Hello, World!")',
        '    def test_rejects(self): self.assertRaises(fidius.PluginError, greeter.greet, "")',
        '    def test_marks(self): self.assertEqual(fidius.list_methods("greeter"), ["greet"])',
      ].join('\n'),
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('leaves nothing of the build in its source folder', () => {
    expect(before).toContain('fidius/__init__.py');
    expect(filesIn(sdk)).toEqual(before);
  });

  it('is imported from the environment, with its types', () => {
    const code =
      'import fidius, pathlib; print(*sorted(each.name for each in pathlib.Path(fidius.__file__).parent.glob("*.*")))';
    const { stdout } = run('-I', '-B', '-c', `${code}; print(fidius.__file__)`);
    const [names = '', file = ''] = stdout.trim().split('\n');

    expect(names.split(' ')).toEqual(expect.arrayContaining(['__init__.py', 'py.typed']));
    expect(file.startsWith(join(folder, '.venv'))).toBe(true);
  });

  it.each([
    ['unittest', ['-m', 'unittest', 'discover', '--start-directory', 'tests'], /Ran 3 tests[^]*OK/],
    ['pytest', ['-m', 'pytest', '--quiet', 'tests'], /3 passed/],
  ])('lets %s test a plugin without a host', (_tool, argv, expected) => {
    const { status, stdout, stderr } = run(...argv);

    expect(status).toBe(0);
    expect(stdout + stderr).toMatch(expected);
  });
});

/** @returns the files of the copy. */
function copySdk(): readonly string[] {
  const isShipped = (path: string) => !/__pycache__|[\\/]tests$/.test(path);
  cpSync(join(root, 'python'), sdk, { recursive: true, filter: isShipped });
  return filesIn(sdk);
}

/** @returns whether it is impossible, because pip cannot fetch what a build needs. The reason is printed. */
function installSdk(): boolean {
  spawnSync(pythonWithPip, ['-m', 'venv', join(folder, '.venv')]);
  const { status, stderr } = run('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', sdk, 'pytest');
  if (status === 0) return false;
  const reason = `the SDK cannot be installed with pip: ${stderr.trim()}`;
  if (process.env['FIDIUS_REQUIRE'] === '1' || !/connection|resolve|No matching distribution/i.test(stderr)) {
    throw new Error(reason);
  }
  console.warn(`Skipped: ${reason}`);
  return true;
}

function run(...argv: readonly string[]) {
  return spawnSync(python, argv, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } });
}

function filesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
}
