import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFidiusError } from '../../../src/index.ts';
import { packPackage, type UnpackedPackage, unpackPackage } from '../../../src/packaging.ts';
import { packageOf, pythonManifest } from '../../support/packages.ts';
import { longName, paxEntry, tarEntry, tarOf, writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));

describe('a mutated archive', () => {
  it('is refused or unpacked, without a crash, a hang, or a trace outside of its place', async () => {
    const { archive } = await packPackage(packageOf({ 'a.py': 'x = 1\n'.repeat(50), 'b/c.py': 'y = 2\n' }), {
      output: join(tempFolder(), 'demo.fid'),
    });
    const original = readFileSync(archive);

    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.option(fc.nat()), async (changes, cut) => {
        const traces = await tracesOf((path) => writeFileSync(path, mutate(original, changes, cut)));

        expect(traces).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it('is contained too when the damage is below the compression, where no checksum stands in the way', async () => {
    const original = tarOf(
      tarEntry({ path: 'demo-1.0.0/package.toml', content: pythonManifest() }),
      longName(`demo-1.0.0/${'long'.repeat(40)}`),
      tarEntry({ path: 'cut', content: 'long' }),
      paxEntry({ path: 'demo-1.0.0/é', size: '4' }),
      tarEntry({ path: 'cut', content: 'pax!' }),
      tarEntry({
        path: 'demo-1.0.0/s',
        type: 'S',
        content: 'x'.repeat(512),
        patch: [
          [386, '00000001000\x0000000001000\0'],
          [483, '00000002000\0'],
        ],
      }),
    );

    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const traces = await tracesOf((path) => writeArchiveFile(path, withChecksums(mutate(original, changes, null))));

        expect(traces).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

/** Unpacks what `write` makes, and tells what there is that should not be: a foreign error, or files in the wrong place. */
async function tracesOf(write: (path: string) => unknown): Promise<readonly unknown[]> {
  const dir = tempFolder();
  const archive = join(dir, 'x.fid');
  const dest = join(dir, 'dest');
  mkdirSync(dest);
  await write(archive);

  const limits = { maxRatio: 0, maxBytes: 1_000_000 };
  const outcome = await unpackPackage(archive, dest, limits).catch((error: unknown) => error);

  const expected = isFidiusError(outcome) ? [] : [(outcome as UnpackedPackage).dir];
  const traces = [
    ...readdirSync(dir).filter((name) => name !== 'x.fid' && name !== 'dest'),
    ...readdirSync(dest).filter((name) => !expected.includes(join(dest, name))),
    ...(outcome instanceof Error && !isFidiusError(outcome) ? [outcome] : []),
  ];
  rmSync(dir, { recursive: true });
  return traces;
}

function mutate(original: Buffer, changes: readonly (readonly [number, number])[], cut: number | null): Buffer {
  const data = Buffer.from(original);
  for (const [at, bits] of changes) data[at % data.length] = (data[at % data.length] ?? 0) ^ bits;
  return data.subarray(0, cut === null ? undefined : cut % data.length);
}

/** Makes the checksum of everything that is a header right again, so that the damage is read. */
function withChecksums(tar: Buffer): Buffer {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    tar.write('        ', at + 148);
    const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return tar;
}
