import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  hostileArchives,
  impossibleNames,
  indistinguishableNames,
  titleOfName,
  titleOfPair,
} from '../fixtures/archives/hostile-archives.ts';
import { writeArchiveFile } from '../support/tar-builder.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { reference, rustFidius } from './reference.ts';

describe.skipIf(reference.cli === undefined)('hostile archives', () => {
  it('are refused by Rust as well, but for those that only this library refuses', async () => {
    // Its limits cannot be set from its command line.
    const comparable = hostileArchives.filter(({ limits }) => limits === undefined);

    const accepted: string[] = [];
    for (const { name, tar } of comparable) {
      const dir = tempFolder();
      await writeArchiveFile(join(dir, 'hostile.fid'), tar);
      const { exitCode } = rustFidius('package', 'unpack', join(dir, 'hostile.fid'), '--dest', join(dir, 'dest'));
      if (exitCode === 0) accepted.push(name);
      expect(readdirSync(dir).sort()).toEqual(['dest', 'hostile.fid']);
    }

    // On this system, which can hold all of them and tell them apart.
    const names = new Set([
      ...impossibleNames.map(([name]) => titleOfName(name)),
      ...indistinguishableNames.map((pair) => titleOfPair(pair)),
    ]);
    expect(accepted.filter((name) => names.has(name))).toEqual([...names]);
    expect(accepted.filter((name) => !names.has(name))).toMatchInlineSnapshot(`
      [
        "the path C:/a",
        "the path c:a",
        "a backslash in a path",
        "a path that is not UTF-8",
        "a path of more than 1024 bytes",
        "a file without a name",
        "a file twice",
        "the manifest twice, under two spellings",
        "two files that differ in case",
        "two folders that differ in case",
        "two files that differ in how an accent is composed",
        "a character device",
        "a block device",
        "a pipe",
        "a volume label",
        "an unknown type",
        "zeros without end after its end",
        "a folder in place of the manifest",
        "two folders",
        "a manifest that is no TOML",
        "a PAX record without a line feed",
        "a PAX size in words",
        "a sparse file in the form of PAX, whose true name and size hide in its records",
        "a folder with content",
        "a folder of 1979 with content",
        "a file with the path of a folder",
        "a header for all entries with path",
        "a header for all entries with size",
        "a header for all entries with GNU.sparse.major",
        "a path that is given by GNU and by PAX",
        "a PAX header with two paths",
        "an entry after the end",
        "an entry after a single block of zeros",
        "a folder that lies too deep",
        "a name with "a\\nPackage signature valid"",
        "a name with "a\\u001b[2K"",
        "a name with "a"",
        "a name with "a"",
        "a name with "a‮"",
        "a name with "a "",
        "a folder of the package whose name begins with a dot",
      ]
    `);
  });
});
