import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { afterAll, describe, expect, it } from 'vitest';
import { FrameReport } from '../../../examples/cookbook/frame-report-interface.ts';
import { executorNames, PluginHost } from '../../../src/index.ts';
import { vendorDependencies } from '../../../src/packaging.ts';
import { root } from '../../support/markdown.ts';
import { embeddablePythons } from '../../support/pythons.ts';

const searchPath = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-arrow-')));
afterAll(() => rmSync(searchPath, { recursive: true, force: true }));

/** The interpreter to use: one that has both libraries, or one for which they can be vendored. A text: why there is none. */
async function preparePackage(): Promise<{ readonly executable: string } | string> {
  const folder = join(searchPath, 'frame-report');
  cpSync(join(root, 'examples/cookbook/plugins/frame-report'), folder, { recursive: true });
  const named = process.env['FIDIUS_ARROW_PYTHON'];
  const pythons = [...(named === undefined ? [] : [{ executable: named, version: '3.11.0' }]), ...embeddablePythons()];
  const equipped = pythons.find(
    ({ executable }) => spawnSync(executable, ['-c', 'import pandas, pyarrow']).status === 0,
  );
  if (equipped !== undefined) return equipped;
  const python = pythons.findLast(({ version }) => /^3\.1[123]\./.test(version));
  if (python === undefined) return 'there is no Python 3.11 to 3.13';
  return await vendorDependencies(folder, { python: python.executable, signal: AbortSignal.timeout(80_000) }).then(
    () => python,
    (error: unknown) => `pandas and pyarrow cannot be vendored: ${String(error)}`,
  );
}

const prepared = await preparePackage();
if (typeof prepared === 'string') console.log(`Arrow is not tested: ${prepared}`);
const python = typeof prepared === 'string' ? undefined : prepared.executable;
// Before the interpreter of this process starts.
if (python !== undefined) process.env['FIDIUS_PYTHON'] = python;

describe.skipIf(python === undefined)('examples/cookbook/arrow.ts', () => {
  it('prints what pandas computed, from tables of Arrow', () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/cookbook/arrow.ts', searchPath], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      stderr: '',
      lines: [
        '48 months: month: LargeUtf8, rain: Float64, warmest: Float64, coldest: Float64, days: Int64',
        '4426.0 mm of rain',
        '2012-11: 210.5 mm, -0.6 to 17.8 °C',
        '2014-03: 240.0 mm, 1.1 to 18.9 °C',
        '2015-11: 212.6 mm, -3.8 to 15.6 °C',
        '2015-12: 284.5 mm, -2.1 to 15.6 °C',
      ],
    });
  });
});

describe.skipIf(python === undefined).each(executorNames)(
  'examples/cookbook/plugins/frame-report with the executor %s',
  (executor) => {
    it('returns columns that are views of the bytes that have arrived', async () => {
      await using host = await PluginHost.open({ searchPaths: [searchPath], executor });
      const { client } = await host.load('frame-report', FrameReport);

      const bytes = await client.monthly(readFileSync(join(root, 'examples/data/seattle-weather.csv')));
      const days = tableFromIPC(bytes).getChild('days')?.toArray() as BigInt64Array;

      expect(days.buffer).toBe(bytes.buffer);
      expect(Array.from(days).slice(0, 3)).toEqual([31n, 29n, 31n]);
    });

    it('takes a table of JavaScript, and returns one without rows if none matches', async () => {
      await using host = await PluginHost.open({ searchPaths: [searchPath], executor });
      const { client } = await host.load('frame-report', FrameReport);
      const table = tableToIPC(
        tableFromArrays({ month: ['ä', 'b'], rain: Float64Array.of(1.5, Number.POSITIVE_INFINITY) }),
        'stream',
      );

      const above = async (rain: number) =>
        tableFromIPC(await client.above(table, rain))
          .toArray()
          .map(String);

      expect(await above(1.5)).toEqual(['{"month": "b", "rain": Infinity}']);
      expect(await above(Number.POSITIVE_INFINITY)).toEqual([]);
    });
  },
);
