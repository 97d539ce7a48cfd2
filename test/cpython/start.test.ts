import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runIsolated } from '../support/isolated.ts';
import { anotherPython, embeddablePythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const [first] = embeddablePythons();
const second = anotherPython();

it.skipIf(second === undefined)(
  'rejects a second, different libpython, independent of how the first was loaded',
  async () => {
    const outcome = await runIsolated('start-two.ts', { args: [first?.libpython ?? '', second?.libpython ?? ''] });

    expect(outcome).toMatchObject({ exitCode: 0, signal: null });
    expect(outcome.stdout).toMatch(
      /^FIDIUS_PYTHON_SECOND: This process already runs .* and cannot load a second Python/m,
    );
    expect(outcome.stdout).toMatch(/^the first still answers 3$/m);
    expect(outcome.stdout).toMatch(/^the same again is fine$/m);
  },
);

it('starts once when several worker threads want it in the same moment', async () => {
  const outcome = await runIsolated('start-together.ts', { args: [first?.libpython ?? ''] });

  expect(outcome).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
  expect(outcome.stdout).toBe(`Python ${first?.version}\n`.repeat(4));
});

it('says that koffi was used before with too little stack', async () => {
  const outcome = await runIsolated('koffi-first.ts');

  expect(outcome.stdout).toContain('FIDIUS_KOFFI_CONFIGURED');
  expect(outcome.stdout).toContain('hint: Load a plugin before the first koffi.load()');
});

it('remembers a failed start and repeats its cause', async () => {
  const project = copyOfProject();
  writeFileSync(join(project, 'runtime', 'fidius_host', 'startup.py'), 'raise ValueError("broken on purpose")\n');

  const outcome = await runIsolated('start-twice.ts', { args: [project] });

  expect(outcome).toMatchObject({ exitCode: 0, signal: null });
  expect(outcome.stdout).toBe(
    [
      `FIDIUS_PYTHON_START_FAILED: Python started, but not completely: ValueError('broken on purpose')`,
      'FIDIUS_PYTHON_FAILED_EARLIER: CPython failed to start earlier in this process',
      `  because: Python started, but not completely: ValueError('broken on purpose')`,
      '',
    ].join('\n'),
  );
});

/** What runs of this project, in a folder of its own that a test may break. */
function copyOfProject(): string {
  const folder = tempFolder('copy');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  for (const part of ['src', 'runtime', 'python']) cpSync(join(root, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['koffi', 'smol-toml', '@koromix']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return folder;
}
