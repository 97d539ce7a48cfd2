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
const DT_STRTAB = 5;
const DT_SONAME = 14;
const ET_DYN = 3;

/**
 * Reads an ELF file, the format of Linux and the BSDs (elf(5)).
 *
 * A program that can be loaded at any address has the type of a library (`ET_DYN`) as well; what tells the two apart is
 * that only a program names its loader.
 */
export function readElf(read: ReadBytes): Binary | undefined {
  const header = read(0, 64);
  if (header.length < 52 || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const layout = header[4] === 2 ? wide : narrow;
  const littleEndian = header[5] === 1;
  const int = (buffer: Buffer, offset: number, size: number) =>
    littleEndian ? readLittle(buffer, offset, size) : readBig(buffer, offset, size);
  const word = (buffer: Buffer, offset: number) => int(buffer, offset, layout.word);

  const type = int(header, 16, 2);
  const machine = int(header, 18, 2);
  const table = read(word(header, layout.phoff), int(header, layout.phnum, 2) * layout.phSize);
  const segments = [];
  for (let at = 0; at + layout.phSize <= table.length; at += layout.phSize) {
    segments.push({
      type: int(table, at, 4),
      offset: word(table, at + layout.pOffset),
      address: word(table, at + layout.pAddress),
      size: word(table, at + layout.pSize),
    });
  }
  const isProgram = type !== ET_DYN || segments.some((segment) => segment.type === PT_INTERP);
  return {
    format: 'ELF',
    kind: isProgram ? 'program' : 'library',
    machine: machines[machine] ?? `machine ${machine}`,
    ownName: readOwnName(),
  };

  function readOwnName(): string | undefined {
    const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
    if (dynamic === undefined) return undefined;
    const entries = read(dynamic.offset, dynamic.size);
    const found = new Map<number, number>();
    for (let at = 0; at + 2 * layout.word <= entries.length; at += 2 * layout.word) {
      found.set(word(entries, at), word(entries, at + layout.word));
    }
    const strings = found.get(DT_STRTAB);
    const name = found.get(DT_SONAME);
    const home = segments.find(
      ({ type: each, address, size }) =>
        each === PT_LOAD && strings !== undefined && address <= strings && strings < address + size,
    );
    if (strings === undefined || name === undefined || home === undefined) return undefined;
    const text = read(strings - home.address + home.offset + name, 256);
    return text.toString('latin1').split('\0', 1)[0];
  }
}

/** Offsets within the header and within a program header, for the two word sizes. */
const wide = { word: 8, phoff: 32, phnum: 56, phSize: 56, pOffset: 8, pAddress: 16, pSize: 32 };
const narrow = { word: 4, phoff: 28, phnum: 44, phSize: 32, pOffset: 4, pAddress: 8, pSize: 16 };

function readLittle(buffer: Buffer, offset: number, size: number): number {
  return size === 8 ? Number(buffer.readBigUInt64LE(offset)) : buffer.readUIntLE(offset, size);
}

function readBig(buffer: Buffer, offset: number, size: number): number {
  return size === 8 ? Number(buffer.readBigUInt64BE(offset)) : buffer.readUIntBE(offset, size);
}
