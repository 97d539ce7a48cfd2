import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ManifestError } from '../../../../src/errors/package-errors.ts';
import { parsePaxHeader } from '../../../../src/packaging/archive/tar/tar-extensions.ts';
import { ByteSource, readTar } from '../../../../src/packaging/archive/tar/tar-reader.ts';
import { compareFiles } from '../../../../src/packaging/digest/package-digest.ts';
import { discoverPackages } from '../../../../src/packaging/discover-packages.ts';
import { Budget } from '../../../../src/packaging/files/budget.ts';
import { parseManifest } from '../../../../src/packaging/manifest/manifest.ts';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { formatFileList, readListText } from '../../../../src/packaging/signing/signature-files.ts';
import { readTrustStore } from '../../../../src/packaging/signing/trust-store.ts';
import { readDistributions } from '../../../../src/packaging/vendor/distributions.ts';
import { findVendorConflicts } from '../../../../src/packaging/vendor/vendor-conflicts.ts';
import { failureOf } from '../../../support/failure.ts';
import { folderOf, packageOf, pythonManifest } from '../../../support/packages.ts';
import { findPythons } from '../../../support/pythons.ts';
import { tarEntry } from '../../../support/tar-builder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const head = pythonManifest().replace('[metadata]\n', '');
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('');

/** Microseconds. */
const noise = 5000;

/** Reads the larger input, and the one of half its size, with the processor time of this process as measure. */
async function expectLinear(read: (size: number) => () => unknown, size: number): Promise<void> {
  const [half, whole] = [read(size / 2), read(size)];
  // The best of several: a collection of garbage, or another process, only ever adds to it.
  const timeOf = async (action: () => unknown) => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round += 1) {
      const start = process.cpuUsage();
      try {
        await action();
      } catch {
        // What is refused costs something, too.
      }
      const { user, system } = process.cpuUsage(start);
      best = Math.min(best, user + system);
    }
    return best;
  };
  let [before, after] = [0, Number.POSITIVE_INFINITY];
  // Measured again where it does not hold: work that grows with the square fails every time.
  for (let attempt = 0; attempt < 4 && after >= 3 * before + noise; attempt += 1) {
    before = await timeOf(half);
    after = await timeOf(whole);
  }
  expect(after).toBeLessThan(3 * before + noise);
}

describe('twice as much to read takes less than three times as long', () => {
  const size = 60_000;
  it.each<[string, (size: number) => string]>([
    ['values of the wrong type', (n) => `[wasm]\ncapabilities = [${'1,'.repeat(n / 2)}]`],
    ['tables of the wrong type', (n) => `[metadata]\n${lines(n / 8, (index) => `k${index}=1\n`)}`],
    ['keys', (n) => `${head}[metadata]\n${lines(n / 10, (index) => `k${index} = 1\n`)}`],
    ['tables', (n) => `${head}${lines(n / 8, (index) => `[t${index}]\n`)}`],
    ['arrays of tables', (n) => '[[a]]\n'.repeat(n / 6)],
    ['parts of a key', (n) => `${'a.'.repeat(n / 2)}a = 1`],
    ['parts of a header', (n) => `[${'a.'.repeat(n / 2)}a]`],
    ['keys below a deep header', (n) => `[${'a.'.repeat(90)}a]\n${lines(n / 8, (index) => `k${index}=1\n`)}`],
    ['integers beyond 64 bits', (n) => `[metadata]\n${lines(n / 30, (index) => `k${index} = 99999999999999999999\n`)}`],
    ['digits', (n) => `a = ${'1'.repeat(n)}`],
    ['comments', (n) => '# x\n'.repeat(n / 4)],
  ])('of a manifest with many %s', async (_what, make) => {
    await expectLinear((n) => {
      const text = make(n);
      return () => parseManifest(text, 'x');
    }, size);
  });

  it('of the fields of METADATA', async () => {
    await expectLinear((n) => {
      const vendor = folderOf({ 'x-1.dist-info/METADATA': `Name: x\nVersion: 1\n${'A: b\n'.repeat(n / 5)}` });
      return () => readDistributions(vendor);
    }, 120_000);
  });

  it('of a list of files, believed or not', async () => {
    await expectLinear((n) => {
      const files = Array.from({ length: n }, (_, index) => ({ path: `f${index}`, bytes: 1, sha256: '0'.repeat(64) }));
      const list = Buffer.from(formatFileList(Buffer.alloc(32), files, acme));
      return () => compareFiles(readListText(list)?.readFiles() ?? [], []);
    }, 20_000);
  });

  it('of a trust store', async () => {
    await expectLinear((n) => {
      const dir = folderOf({ 'trust.toml': lines(n / 20, (index) => `[[revoked]]\nid = ${index}\n`) });
      return () => readTrustStore(dir);
    }, size);
  });

  it('of a PAX header', async () => {
    await expectLinear((n) => {
      const content = Buffer.from(lines(n / 10, (index) => `10 ${String(index).padStart(4, '0')}=\n`).slice(0));
      return () => parsePaxHeader(content);
    }, size);
  });

  it('of folders that are counted', async () => {
    await expectLinear((n) => {
      const paths = Array.from({ length: n }, (_, index) => ['a', `b${index % 100}`, `c${index}`]);
      return () => {
        const budget = new Budget({}, () => new Error());
        for (const path of paths) budget.addFolders(path);
      };
    }, 60_000);
  });

  it('of versions that are vendored', async () => {
    await expectLinear((n) => {
      const distribution = { version: '1', tags: [], requiresPython: '' };
      const packages = Array.from({ length: n }, (_, index) => ({
        name: `p${index}`,
        dir: '',
        distributions: [{ ...distribution, name: 'numpy' }],
      }));
      return () => findVendorConflicts(packages);
    }, 20_000);
  });

  it.each(findPythons().slice(0, 1))('of the source of an entry module (CPython $version)', async ({ executable }) => {
    const runtime = fileURLToPath(new URL('../../../../runtime', import.meta.url));
    const code = `
import sys, tempfile, time
sys.path.insert(0, sys.argv[1])
from fidius_host import cli_support
def cost(size):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write("__interface_hash__ = 1\\n" * (size // 22)); file.flush()
        best = 1e9
        for _ in range(5):
            start = time.process_time(); cli_support.interface_hash(file.name); best = min(best, time.process_time() - start)
        return best
cost(200_000)
half, whole = cost(200_000), cost(400_000)
assert whole < 3 * half + 0.005, (half, whole)
deep = tempfile.NamedTemporaryFile("w", suffix=".py")
deep.write("(" * 100_000); deep.flush()
assert cli_support.interface_hash(deep.name) == {"python": False, "hash": None}
`;
    const { status, stderr } = spawnSync(executable, ['-c', code, runtime], { encoding: 'utf8' });

    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('what is wrong with a document', () => {
  it('is told a few dozen times, and how often more', async () => {
    const error = await failureOf(() => parseManifest(`[wasm]\ncapabilities = [${'1,'.repeat(1000)}]`, 'x'));

    expect(error).toBeInstanceOf(ManifestError);
    const { issues } = error as ManifestError;
    expect(issues).toHaveLength(33);
    expect(issues.at(-1)?.message).toMatch(/^has \d{3} more problems/);
  });

  it('is not counted for a manifest beyond its limit', async () => {
    const dir = packageOf({ 'package.toml': `${pythonManifest()}#${'x'.repeat(64 * 1024)}` });

    expect(
      await failureOf(async () => (await import('../../../../src/packaging/manifest/manifest.ts')).readManifest(dir)),
    ).toMatchObject({
      code: 'FIDIUS_MANIFEST_UNREADABLE',
    });
  });
});

describe('an archive of helper entries', () => {
  it('is refused before it has kept the reader busy', async () => {
    const helper = tarEntry({ type: 'K', content: Buffer.alloc(64 * 1024 - 1, 'x') });
    const file = tarEntry({ path: 'demo-1.0.0/x' });
    let given = 0;
    const pieces = (async function* () {
      for (; given < 5000; given += 1) {
        yield helper;
        yield file;
      }
    })();

    const read = async () => {
      for await (const _ of readTar(new ByteSource(pieces)));
    };

    await expect(read()).rejects.toThrow('it consists mostly of extended headers');
    expect(given).toBeLessThan(1100);
  });
});

describe('discovery', () => {
  it('lets the event loop turn, and ends when its signal is aborted', async () => {
    const folder = folderOf({});
    for (let index = 0; index < 300; index += 1) {
      mkdirSync(join(folder, `p${index}`));
      writeFileSync(join(folder, `p${index}`, 'package.toml'), `${pythonManifest(`p${index}`)}${'#\n'.repeat(20_000)}`);
    }
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 3) controller.abort(new Error('enough'));
    }, 0);

    await expect(discoverPackages([folder], { signal: controller.signal })).rejects.toThrow('enough');
    clearInterval(timer);
    expect(turns).toBe(3);
  });
});
