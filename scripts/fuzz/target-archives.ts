import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EntryValidator } from '../../src/packaging/archive/entry-validator.ts';
import { resolveLimits } from '../../src/packaging/archive/limits.ts';
import { readWholeArchive } from '../../src/packaging/archive/read-archive.ts';
import { parsePaxHeader } from '../../src/packaging/archive/tar/tar-extensions.ts';
import { CorruptTar } from '../../src/packaging/archive/tar/tar-header.ts';
import { ByteSource, readTar } from '../../src/packaging/archive/tar/tar-reader.ts';
import { Bzip2Decoder } from '../../src/packaging/bzip2/decoder/decoder.ts';
import { CorruptBzip2 } from '../../src/packaging/bzip2/format.ts';
import { longName, paxEntry, tarEntry, tarOf, writeArchiveFile } from '../../test/support/tar-builder.ts';
import { pythonManifest } from './samples.ts';
import type { FuzzTarget } from './target.ts';

const maxBytes = 4 * 1024 * 1024;
const limits = { maxBytes, maxEntries: 1000, maxRatio: 0 };

const sparse: readonly (readonly [number, string])[] = [
  [386, '00000001000\x0000000001000\0'],
  [483, '00000002000\0'],
];
const tar = tarOf(
  tarEntry({ path: 'demo-1.0.0/', type: '5', mode: 0o755 }),
  tarEntry({ path: 'demo-1.0.0/package.toml', content: pythonManifest }),
  longName(`demo-1.0.0/${'long'.repeat(40)}`),
  tarEntry({ path: 'cut', content: 'long' }),
  paxEntry({ path: 'demo-1.0.0/é', size: '4' }),
  tarEntry({ path: 'cut', content: 'pax!' }),
  paxEntry({ comment: 'for all' }, 'g'),
  tarEntry({ path: 'demo-1.0.0/s', type: 'S', content: 'x'.repeat(512), patch: sparse }),
  tarEntry({ path: 'demo-1.0.0/b.py', content: 'x = 1\n'.repeat(200) }),
);

export const archiveTargets: readonly FuzzTarget[] = [
  {
    name: 'archive',
    samples: async (folder) => {
      const path = join(folder, 'sample.fid');
      await writeArchiveFile(path, tar);
      return [readFileSync(path)];
    },
    words: ['BZh9', '1AY&SY', '\x17rE8P\x90'],
    read: async (input, folder) => {
      const path = join(folder, 'x.fid');
      writeFileSync(path, input);
      let bytes = 0;
      for await (const { size } of readWholeArchive(path, limits)) bytes += size;
      if (bytes > maxBytes) throw new Error(`${bytes} bytes were let through`);
    },
  },
  {
    name: 'bzip2',
    samples: async (folder) => {
      const paths = ['long', 'short'].map((name) => join(folder, name));
      await writeArchiveFile(paths[0] ?? '', tar);
      await writeArchiveFile(paths[1] ?? '', Buffer.from('x'));
      return paths.map((path) => readFileSync(path)) as [Buffer, ...Buffer[]];
    },
    words: ['BZh9', 'BZh1', '1AY&SY', '\x17rE8P\x90'],
    inner: [CorruptBzip2],
    read: (input) => {
      const decoder = new Bzip2Decoder();
      decoder.push(input);
      decoder.finish();
      const out = new Uint8Array(64 * 1024);
      for (let bytes = 0; bytes < maxBytes; ) {
        const length = decoder.read(out);
        if (length === 'starved') throw new Error('the decoder wants more than there is');
        if (length === 0) return;
        bytes += length;
      }
    },
  },
  {
    name: 'tar',
    samples: () => [tar],
    words: ['ustar', '././@LongLink', 'GNU.sparse.major', 'demo-1.0.0/', '../', '/etc', '\0'.repeat(512)],
    inner: [CorruptTar],
    read: async (input) => {
      const validator = new EntryValidator('x', 1, resolveLimits('x', limits));
      const source = new ByteSource(pieces(withChecksums(Buffer.from(input))));
      for await (const entry of readTar(source)) {
        const valid = validator.validate(entry);
        if (valid === undefined) continue;
        let bytes = 0;
        for await (const piece of entry.content) bytes += piece.length;
        if (bytes !== valid.size) throw new Error(`${bytes} bytes came, ${valid.size} were announced`);
        if (valid.parts.some((part) => part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part))) {
          throw new Error(`the path ${valid.parts.join('|')} was let through`);
        }
      }
    },
  },
  {
    name: 'pax',
    samples: () => [Buffer.from('21 path=demo-1.0.0/b\n11 size=42\n22 GNU.sparse.major=1\n')],
    words: [' path=', ' size=', '\n', '=', 'GNU.sparse.'],
    inner: [CorruptTar],
    read: (input) => parsePaxHeader(input),
  },
];

async function* pieces(data: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 3000) yield data.subarray(at, at + 3000);
}

/** Makes the checksum of every block right that looks like a header: the damage is to be read. */
function withChecksums(data: Buffer): Buffer {
  for (let at = 0; at + 512 <= data.length; at += 512) {
    if (!data.toString('latin1', at + 257, at + 265).startsWith('ustar')) continue;
    data.write('        ', at + 148);
    const sum = data.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    data.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return data;
}
