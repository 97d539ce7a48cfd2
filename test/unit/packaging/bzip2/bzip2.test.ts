import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressBzip2 } from '../../../../src/packaging/bzip2/compress.ts';
import { Bzip2Decoder, type DecodedPiece } from '../../../../src/packaging/bzip2/decoder/decoder.ts';
import { decompressBzip2 } from '../../../../src/packaging/bzip2/decompress.ts';
import { CorruptBzip2 } from '../../../../src/packaging/bzip2/format.ts';
import { findPythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const python = findPythons().find(({ executable }) => spawnSync(executable, ['-c', 'import bz2']).status === 0);

describe('compressBzip2', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['text', Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(400))],
    ['runs of every length up to 600', Buffer.concat(Array.from({ length: 600 }, (_, run) => Buffer.alloc(run, run)))],
    ['noise', noise(50_000)],
    ['several blocks of noise', noise(1_900_000)],
    ['several blocks of text', words(1_900_000)],
    ['a block that ends within a run', Buffer.concat([noise(899_975), Buffer.alloc(300, 7), noise(1000)])],
  ])('writes the very bytes of libbzip2 for %s', async (_what, data) => {
    expect((await compress(data)).equals(reference('compress', data))).toBe(true);
  });

  it('bounds what it keeps of endless runs, which no block would ever end', async () => {
    const data = Buffer.alloc(20_000_000);

    const compressed = await compress(data);

    expect(reference('decompress', compressed).equals(data)).toBe(true);
    expect(compressed.length).toBeLessThan(1000);
  });

  it('does not depend on how the data is cut up', async () => {
    const data = words(20_000);
    const expected = reference('compress', data);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 20 }), async (cuts) => {
        expect((await compress(data, cuts)).equals(expected)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('passes on a failure of its source, and stops', async () => {
    const source = async function* () {
      yield noise(2_000_000);
      throw new Error('no more');
    };

    await expect(collect(compressBzip2(source()))).rejects.toThrow('no more');
  });

  it('can be left in the middle', async () => {
    const compressing = compressBzip2(piecesOf(noise(1_900_000), [100_000]));

    const { value } = await compressing.next();
    await compressing.return(undefined);

    expect(value.subarray(0, 4).toString()).toBe('66,90,104,57');
  });
});

describe('decompressBzip2', () => {
  it.each([1, 5, 9])('reads what libbzip2 wrote at level %i, small or large', async (level) => {
    for (const data of [Buffer.alloc(0), words(1000), noise(level * 120_000), Buffer.alloc(1_000_000, 'ab')]) {
      expect((await decompress(reference('compress', data, level))).equals(data)).toBe(true);
    }
  });

  it('reads streams that follow each other, and refuses anything else after the last', async () => {
    const [first, second] = [reference('compress', Buffer.from('one ')), reference('compress', Buffer.from('two'), 1)];

    expect((await decompress(Buffer.concat([first, second]))).toString()).toBe('one two');
    for (const rest of ['BZX garbage', '\0', 'BZ', 'BZh9']) {
      await expect(decompress(Buffer.concat([first, Buffer.from(rest)]))).rejects.toThrow(/goes on after|cut off/);
    }
  });

  it('can be left in the middle', async () => {
    const file = await fileOf(await compress(noise(1_900_000)));

    const decompressing = decompressBzip2(file.fd, (await file.stat()).size);

    const { value } = await decompressing.next();
    await decompressing.return(undefined);
    await file.close();

    expect(value?.bytes.length).toBeGreaterThan(0);
  });

  it('keeps memory flat while the reader is slow', async () => {
    const file = await fileOf(await compress(Buffer.alloc(100_000_000)));
    const before = process.memoryUsage().rss;

    let total = 0;
    for await (const { bytes } of decompressBzip2(file.fd, (await file.stat()).size)) total += bytes.length;
    await file.close();

    expect(total).toBe(100_000_000);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(100);
  });

  it.each([
    ['no bzip2 data', Buffer.from('PK\x03\x04'), 'it does not begin as bzip2 data'],
    ['nothing', Buffer.alloc(0), 'it does not begin as bzip2 data'],
    ['a wrong level', Buffer.from('BZh0xxxxxxxxxxxxxx'), 'it does not begin as bzip2 data'],
    ['data cut off in the head', Buffer.from('BZh9'), 'the data is cut off'],
    ['data cut off in a block', reference('compress', words(1000)).subarray(0, 200), 'the data is cut off'],
    ['data cut off in the end', reference('compress', words(1000)).subarray(0, -1), 'the data is cut off'],
    ['neither block nor end', Buffer.from('BZh9................'), 'neither a block nor the end'],
    [
      'a flipped bit in the sum of a block',
      flip(reference('compress', words(1000)), 10),
      'the checksum of a block does not fit',
    ],
    [
      'a flipped bit in the sum of the whole',
      flip(reference('compress', words(1000)), -2),
      'the checksum of the whole does not fit',
    ],
    ['a randomised block', flip(reference('compress', words(1000)), 14), 'a randomised block'],
  ])('refuses %s', async (_what, data, problem) => {
    await expect(decompress(data)).rejects.toThrow(CorruptBzip2);
    await expect(decompress(data)).rejects.toThrow(problem);
  });

  it('refuses damage in a large file, which another thread decodes', async () => {
    const data = flip(reference('compress', noise(1_500_000)), 700_000);

    await expect(decompress(data)).rejects.toThrow(CorruptBzip2);
  });

  it('never crashes, hangs or grows, whatever is changed', () => {
    const originals = [words(3000), noise(500), Buffer.alloc(10_000, 'abcd'), Buffer.from('x')].map((data) =>
      reference('compress', data),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat()),
        (original, changes, cut) => {
          const data = Uint8Array.from(original);
          for (const [at, bits] of changes) data[at % data.length] = (data[at % data.length] ?? 0) ^ bits;

          expect(['decoded', CorruptBzip2]).toContain(
            outcomeOf(data.subarray(0, cut === null ? undefined : cut % data.length)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

async function compress(data: Buffer, cuts: readonly number[] = [65_536]): Promise<Buffer> {
  return collect(compressBzip2(piecesOf(data, cuts)));
}

async function decompress(data: Buffer): Promise<Buffer> {
  const file = await fileOf(data);
  try {
    return await collect(bytesOf(decompressBzip2(file.fd, (await file.stat()).size)));
  } finally {
    await file.close();
  }
}

async function* bytesOf(pieces: AsyncIterable<DecodedPiece>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of pieces) yield bytes;
}

/** Decodes on this thread, as far as it goes. */
function outcomeOf(data: Uint8Array): unknown {
  const decoder = new Bzip2Decoder();
  decoder.push(data);
  decoder.finish();
  const out = new Uint8Array(65_536);
  try {
    while (decoder.read(out) !== 0);
    return 'decoded';
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Uint8Array.from(piece));
  return Buffer.concat(all);
}

/** The cuts are taken in turn. All pieces share their memory, as those of a file that is read do. */
async function* piecesOf(data: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(Math.max(...cuts, 1));
  for (let at = 0, turn = 0; at < data.length; turn += 1) {
    const length = data.copy(shared, 0, at, at + (cuts[turn % cuts.length] ?? 1));
    yield shared.subarray(0, length);
    at += length;
  }
}

async function fileOf(data: Uint8Array) {
  const path = join(tempFolder(), 'x.bz2');
  writeFileSync(path, data);
  return open(path);
}

/** Python's bz2 module, which is libbzip2. */
function reference(action: 'compress' | 'decompress', data: Uint8Array, level = 9): Buffer {
  const code = `import bz2, sys; b = sys.stdin.buffer.read(); sys.stdout.buffer.write(bz2.${action}(b${action === 'compress' ? `, ${level}` : ''}))`;
  const { stdout, status, stderr } = spawnSync(python?.executable ?? 'python3', ['-c', code], {
    input: data,
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout;
}

/** The same noise each time. */
function noise(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** Something like text: words of noise, often repeated. */
function words(bytes: number): Buffer {
  const random = noise(bytes);
  const parts: string[] = [];
  for (let at = 0, length = 0; length < bytes; at += 1) {
    const word = ((random[at] ?? 0) % 97).toString(5);
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ')).subarray(0, bytes);
}

function flip(data: Buffer, at: number): Buffer {
  const changed = Buffer.from(data);
  const index = at < 0 ? data.length + at : at;
  changed[index] = (changed[index] ?? 0) ^ 0x80;
  return changed;
}
