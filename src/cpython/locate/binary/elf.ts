import type { Binary, ReadBytes } from './binary.ts';

/** `e_machine` of the header. */
const machines: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const ET_DYN = 3;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/**
 * Reads an ELF file, the format of Linux and the BSDs (elf(5)).
 *
 * A program that can be loaded at any address has the type of a library (`ET_DYN`) as well; what tells the two apart is
 * that only a program names its loader.
 */
export function readElf(read: ReadBytes): Binary | undefined {
  const header = read(0, 64);
  if (header.length < 52 || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const format = new Format(header[4] === 2, header[5] === 1);
  const type = format.half(header, 16);
  const machine = format.half(header, 18);
  const segments = format.segments(header, read);
  const isProgram = type !== ET_DYN || segments.some((segment) => segment.type === PT_INTERP);
  return {
    format: 'ELF',
    kind: isProgram ? 'program' : 'library',
    machine: machines[machine] ?? `machine ${machine}`,
    ...readNames(format, segments, read),
  };
}

type Names = Pick<Binary, 'ownName' | 'needs' | 'runPath'>;

/** What the dynamic section says in words. */
function readNames(format: Format, segments: readonly Segment[], read: ReadBytes): Names {
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : format.tags(read(dynamic.offset, dynamic.size));
  const strings = tags.find(([tag]) => tag === DT_STRTAB)?.[1];

  // The table is given by its address in memory; the segment that is loaded there knows where that is in the file.
  const home = segments.find(
    ({ type, address, size }) =>
      type === PT_LOAD && strings !== undefined && address <= strings && strings < address + size,
  );
  if (strings === undefined || home === undefined) return { ownName: undefined };
  const texts = (wanted: number): string[] =>
    tags.filter(([tag]) => tag === wanted).map(([, at]) => readText(read, strings - home.address + home.offset + at));
  return {
    ownName: texts(DT_SONAME)[0],
    needs: texts(DT_NEEDED),
    runPath: texts(DT_RUNPATH)[0] ?? texts(DT_RPATH)[0],
  };
}

function readText(read: ReadBytes, offset: number): string {
  return read(offset, 4096).toString('latin1').split('\0', 1)[0] ?? '';
}

/** The two word sizes and the two byte orders of the format. */
class Format {
  readonly #isWide: boolean;
  readonly #isLittleEndian: boolean;

  constructor(isWide: boolean, isLittleEndian: boolean) {
    this.#isWide = isWide;
    this.#isLittleEndian = isLittleEndian;
  }

  half(buffer: Buffer, offset: number): number {
    return this.#isLittleEndian ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset);
  }

  int(buffer: Buffer, offset: number): number {
    return this.#isLittleEndian ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset);
  }

  /** An address or a size: 64 bits or 32. */
  word(buffer: Buffer, offset: number): number {
    if (!this.#isWide) return this.int(buffer, offset);
    return Number(this.#isLittleEndian ? buffer.readBigUInt64LE(offset) : buffer.readBigUInt64BE(offset));
  }

  segments(header: Buffer, read: ReadBytes): Segment[] {
    const { table, count, size, offset, address, fileSize } = this.#isWide
      ? { table: 32, count: 56, size: 56, offset: 8, address: 16, fileSize: 32 }
      : { table: 28, count: 44, size: 32, offset: 4, address: 8, fileSize: 16 };
    const entries = read(this.word(header, table), this.half(header, count) * size);
    return Array.from({ length: Math.floor(entries.length / size) }, (_, index) => ({
      type: this.int(entries, index * size),
      offset: this.word(entries, index * size + offset),
      address: this.word(entries, index * size + address),
      size: this.word(entries, index * size + fileSize),
    }));
  }

  /** The pairs of tag and value of the dynamic section. */
  tags(entries: Buffer): [tag: number, value: number][] {
    const size = this.#isWide ? 8 : 4;
    return Array.from({ length: Math.floor(entries.length / (2 * size)) }, (_, index) => [
      this.word(entries, index * 2 * size),
      this.word(entries, index * 2 * size + size),
    ]);
  }
}
