import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PluginHost } from '../../../src/index.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { findPythons } from '../../support/pythons.ts';
import { interfaceOf } from '../../support/signatures.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const Probe = interfaceOf(['version: str', 'total: str']);
const lines = [
  'import numpy',
  'def version(): return numpy.__version__',
  'def total(): return str(numpy.arange(5, dtype="float64").sum())',
];
const versions = ['1.26.4', '2.2.6'] as const;

/** A Python for which both versions of numpy have wheels. */
const python = findPythons().find(({ version }) => /^3\.1[012]\./.test(version));

/** Packages that vendor one version each; a text says why they cannot be made. */
function writePackages(searchPath: string): string | undefined {
  if (python === undefined) return 'there is no Python 3.10 to 3.12';
  for (const version of versions) {
    const folder = writePlugin(searchPath, nameOf(version), Probe, ...lines);
    const target = join(folder, 'vendor');
    const argv = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--target', target, `numpy==${version}`];
    const { status, stderr } = spawnSync(python.executable, argv, { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) return `pip cannot install numpy ${version}: ${stderr.trim().split('\n').at(-1)}`;
  }
  return undefined;
}

const nameOf = (version: string) => `numpy_${version.replaceAll('.', '_')}_user`;

describe('plugins with different versions of a compiled library', () => {
  it('run in one host, each in its process', { timeout: 150_000 }, async (context) => {
    const searchPath = tempFolder();
    const reason = writePackages(searchPath);
    if (reason !== undefined) return context.skip(reason);
    await using host = await PluginHost.open({ searchPaths: [searchPath], process: { python: python?.executable } });

    const answers = await Promise.all(
      versions.map(async (version) => {
        const { client } = await host.load(nameOf(version), Probe, { executor: 'process' });
        const { version: ask, total } = client as Record<string, () => Promise<unknown>>;
        return [await ask?.(), await total?.()];
      }),
    );

    expect(answers).toEqual(versions.map((version) => [version, '10.0']));
  });
});
