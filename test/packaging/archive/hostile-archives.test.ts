import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpackPackage } from '../../../src/packaging.ts';
import { hostileArchives } from '../../fixtures/archives/hostile-archives.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { fill } from '../../support/packages.ts';
import { writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('unpackPackage refuses', () => {
  it.each(hostileArchives.map((archive) => [archive.name, archive] as const))('%s', async (_name, hostile) => {
    const dir = tempFolder();
    const archive = join(dir, 'hostile.fid');
    const dest = join(dir, 'dest');
    fill(dest, { 'demo-1.0.0/old': 'old' });
    await writeArchiveFile(archive, hostile.tar);

    const error = await failureOf(() => unpackPackage(archive, dest, hostile.limits));

    expect(error.code).toBe(hostile.code);
    expect(error.message).toContain(hostile.problem);
    expect(error.message).toContain(archive);
    expect(error).toMatchObject(hostile.entry === undefined ? {} : { entry: hostile.entry });
    // Nothing beside the destination, no residue in it, and what was there before is untouched.
    expect(readdirSync(dir).sort()).toEqual(['dest', 'hostile.fid']);
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
    expect(contentsOf(dest)).toEqual({ 'demo-1.0.0/old': 'old' });
    expect(existsSync('/tmp/a')).toBe(false);
  });
});
