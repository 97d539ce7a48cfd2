import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArchive, readArchiveManifest } from '../../../../src/packaging/archive/read-archive.ts';
import { failureOf } from '../../../support/failure.ts';
import { pythonManifest } from '../../../support/packages.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../../../support/tar-builder.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** Bytes that do not compress, always the same. */
const noise = (size: number) =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(size));

describe('reading a large archive whose manifest comes last', () => {
  const reason = new Error('enough');
  let folder: string;
  let archive: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fidius-reading-'));
    archive = join(folder, 'demo.fid');
    const large = tarEntry({ path: 'demo-1.0.0/data.bin', content: noise(2_000_000) });
    await writeArchiveFile(
      archive,
      tarOf(large, tarEntry({ path: 'demo-1.0.0/package.toml', content: pythonManifest() })),
    );
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('gets to it', async () => {
    expect((await readArchiveManifest(archive)).name).toBe('demo');
  });

  it('ends soon after it is aborted, with the reason', async () => {
    const abort = new AbortController();
    let positions = 0;
    const onRead = () => {
      positions += 1;
      abort.abort(reason);
    };

    const reading = (async () => {
      for await (const { content } of readArchive(archive, { signal: abort.signal, onRead, maxRatio: 0 })) {
        for await (const _piece of content);
      }
    })();

    await expect(reading).rejects.toBe(reason);
    expect(positions).toBe(1);
  });

  it('ends with the reason when only the manifest is wanted', async () => {
    const abort = new AbortController();
    const reading = readArchiveManifest(archive, { signal: abort.signal, maxRatio: 0 });
    // Reading has begun by then, and takes hundreds of turns.
    setImmediate(() => abort.abort(reason));

    await expect(reading).rejects.toBe(reason);
  });
});

describe('the manifest of an archive', () => {
  it.each([
    ['a folder of its name', [{ path: 'demo-1.0.0/package.toml/', type: '5' }]],
    ['a file in a folder of its name', [{ path: 'demo-1.0.0/package.toml/x', content: pythonManifest() }]],
    ['one that lies deeper', [{ path: 'demo-1.0.0/sub/package.toml', content: pythonManifest() }]],
    ['another file', [{ path: 'demo-1.0.0/demo.py', content: pythonManifest() }]],
  ])('is not %s', async (_what, entries) => {
    const path = join(tempFolder(), 'x.fid');
    await writeArchiveFile(path, tarOf(...entries.map(tarEntry)));

    expect(await failureOf(() => readArchiveManifest(path))).toMatchObject({ code: 'FIDIUS_ARCHIVE_LAYOUT' });
  });
});
