import { appendFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ListOptions, listPackageFiles } from '../../../../src/packaging/files/package-files.ts';
import { readFiles } from '../../../../src/packaging/files/read-files.ts';
import { failureOf } from '../../../support/failure.ts';
import { fill } from '../../../support/packages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

describe('readFiles', () => {
  it.each([
    ['grows', (file: string) => appendFileSync(file, 'more')],
    ['shrinks', (file: string) => truncateSync(file, 300_000)],
    ['is emptied', (file: string) => truncateSync(file, 0)],
  ])('notices a file that %s while it is read', async (_what, change) => {
    const dir = tempFolder();
    fill(dir, { a: 'x'.repeat(400_000) });
    const keep: ListOptions = { signatures: 'include' };

    const error = await failureOf(async () => {
      for await (const file of readFiles(await listPackageFiles(dir, keep))) {
        change(join(dir, 'a'));
        for await (const piece of file.content) expect(piece.length).toBeGreaterThan(0);
      }
    });

    expect(error.code).toBe('FIDIUS_PACKAGE_CHANGED');
    expect(error.message).toContain(`${join(dir, 'a')} changed while it was read`);
  });
});
