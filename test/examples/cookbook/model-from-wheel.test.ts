import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TextRater } from '../../../examples/cookbook/text-rater-interface.ts';
import { executorNames, PluginHost } from '../../../src/index.ts';
import { vendorDependencies } from '../../../src/packaging.ts';
import { root } from '../../support/markdown.ts';
import { findPythons } from '../../support/pythons.ts';
import { pythonWithPip } from '../../support/wheels.ts';

const cookbook = join(root, 'examples/cookbook');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-model-')));
const rater = join(folder, 'packages/text-rater');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const wheels = join(folder, 'wheels');
  execFileSync(pythonWithPip, [join(cookbook, 'build_model_wheel.py'), wheels]);
  cpSync(join(cookbook, 'plugins/text-rater'), rater, { recursive: true });
  await vendorDependencies(rater, { python: pythonWithPip, wheels });
  rmSync(wheels, { recursive: true });
});

describe('examples/cookbook/model-from-wheel.ts', () => {
  it('prints what was vendored, and the ratings of the model', () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/cookbook/model-from-wheel.ts'], {
      cwd: root,
      env: { ...process.env, FIDIUS_PYTHON: pythonWithPip },
      encoding: 'utf8',
    });

    expect({ status, stderr, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      stderr: '',
      lines: [
        'vendored: tiny-sentiment 1.0.0',
        '1.10',
        ' 1.39  lovely and quiet',
        '-1.39  dull and long',
        ' 0.00  a film',
      ],
    });
  });
});

describe('examples/cookbook/build_model_wheel.py', () => {
  it.each(findPythons())('writes the same wheel with CPython $version', ({ executable }) => {
    const read = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print([z.read(n) for n in z.namelist()])';
    const contentsBy = (python: string, wheels: string) => {
      execFileSync(python, [join(cookbook, 'build_model_wheel.py'), wheels]);
      const [name = ''] = readdirSync(wheels);
      return execFileSync(python, ['-c', read, join(wheels, name)], { encoding: 'utf8' });
    };

    const contents = contentsBy(executable, mkdtempSync(join(folder, 'wheels-')));

    expect(contents).toContain('"loved": 0.693147');
    expect(contents).toBe(contentsBy(pythonWithPip, mkdtempSync(join(folder, 'wheels-'))));
  });
});

describe.each(executorNames)('examples/cookbook/plugins/text-rater with the executor %s', (executor) => {
  it('rates texts with the vendored model', async () => {
    await using host = await PluginHost.open({ searchPaths: [join(folder, 'packages')], executor });
    const { client } = await host.load('text-rater', TextRater);

    expect(await client.rate('I loved it')).toBeGreaterThan(0);
    expect(await client.rate('boring')).toBeLessThan(0);
    expect(await client.rate('')).toBe(0);
  });

  it('cannot be loaded without its model, and the error names the module', async () => {
    const bare = mkdtempSync(join(folder, 'bare-'));
    cpSync(join(cookbook, 'plugins/text-rater'), join(bare, 'text-rater'), { recursive: true });
    await using host = await PluginHost.open({ searchPaths: [bare], executor });

    await expect(host.load('text-rater', TextRater)).rejects.toMatchObject({
      code: 'FIDIUS_IMPORT_FAILED',
      message: expect.stringContaining("No module named 'tiny_sentiment'"),
    });
  });
});
