import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWholeArchive } from '../../../../src/packaging/archive/read-archive.ts';
import { hostileArchives } from '../../../fixtures/archives/hostile-archives.ts';
import { failureOf } from '../../../support/failure.ts';
import { writeArchiveFile } from '../../../support/tar-builder.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

describe('readWholeArchive refuses what unpackPackage refuses:', () => {
  it.each(hostileArchives.map((archive) => [archive.name, archive] as const))('%s', async (_name, hostile) => {
    const archive = join(tempFolder(), 'hostile.fid');
    await writeArchiveFile(archive, hostile.tar);

    const error = await failureOf(async () => {
      for await (const { parts } of readWholeArchive(archive, hostile.limits)) expect(parts.length).toBeGreaterThan(0);
    });

    expect(error.code).toBe(hostile.code);
    expect(error.message).toContain(hostile.problem);
  });
});
