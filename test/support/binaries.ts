/** Little binaries with just enough header to say what they are; none of them can be loaded. */

interface ElfOptions {
  /** 2 program, 3 shared object. */
  readonly type?: number;
  /** 62 x86-64, 183 arm64, … */
  readonly machine?: number;
  readonly ownName?: string;
  readonly bits?: 32 | 64;
  readonly bigEndian?: boolean;
  /** Names a loader, which makes a shared object a program. */
  readonly interpreter?: boolean;
  /** Libraries it asks for, and the folders in which it asks to look. */
  readonly needs?: readonly string[];
  readonly runPath?: string;
}

/** An ELF file. Addresses are offsets plus 0x10000, so that a reader which mixes them up is caught. */
export function elf(options: ElfOptions = {}): Buffer {
  const { type = 3, machine = 62, ownName, bits = 64, bigEndian = false, interpreter = false } = options;
  const { needs = [], runPath } = options;
  const file = Buffer.alloc(1024);
  const word = bits / 8;
  const put = (value: number, offset: number, size: number) => {
    if (bigEndian) file.writeUIntBE(value, offset + Math.max(0, size - 6), Math.min(size, 6));
    else file.writeUIntLE(value, offset, Math.min(size, 6));
  };
  file.write('\x7fELF', 'latin1');
  file[4] = bits / 32;
  file[5] = bigEndian ? 2 : 1;
  put(type, 16, 2);
  put(machine, 18, 2);

  const [headers, dynamic, strings] = [64, 512, 768];
  const size = bits === 64 ? 56 : 32;
  const [atOffset, atAddress, atSize] = bits === 64 ? [8, 16, 32] : [4, 8, 16];
  put(headers, bits === 64 ? 32 : 28, word);
  const segments: [number, number, number][] = [[1, 0, 1024]];
  if (interpreter) segments.push([3, 900, 10]);
  const texts = [...needs.map((name) => [1, name] as const), [14, ownName] as const, [29, runPath] as const];
  const words = [5, strings + 0x10000];
  let table = '\0other\0';
  for (const [tag, text] of texts) {
    if (text === undefined) continue;
    words.push(tag, table.length);
    table += `${text}\0`;
  }
  if (words.length > 2) segments.push([2, dynamic, word * (words.length + 2)]);
  put(segments.length, bits === 64 ? 56 : 44, 2);
  for (const [index, [kind, offset, length]] of segments.entries()) {
    const at = headers + index * size;
    put(kind, at, 4);
    put(offset, at + atOffset, word);
    put(offset + 0x10000, at + atAddress, word);
    put(length, at + atSize, word);
  }
  for (const [index, value] of words.entries()) put(value, dynamic + index * word, word);
  file.write(table, strings, 'latin1');
  return file;
}

/** A Mach-O library or program, alone. */
export function machO({ machine, fileType, ownName }: { machine: number; fileType: number; ownName?: string }): Buffer {
  const name = Buffer.from(`${ownName ?? ''}\0`);
  const size = ownName === undefined ? 0 : 24 + name.length;
  const file = Buffer.alloc(32 + 16 + size);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(machine, 4);
  file.writeUInt32LE(fileType, 12);
  file.writeUInt32LE(ownName === undefined ? 1 : 2, 16);
  file.writeUInt32LE(16 + size, 20);
  file.writeUInt32LE(0x1b, 32);
  file.writeUInt32LE(16, 36);
  if (ownName !== undefined) {
    file.writeUInt32LE(0xd, 48);
    file.writeUInt32LE(size, 52);
    file.writeUInt32LE(24, 56);
    name.copy(file, 48 + 24);
  }
  return file;
}

/** A universal Mach-O file of several parts. */
export function universal(parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8 + parts.length * 20);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(parts.length, 4);
  let offset = header.length;
  for (const [index, part] of parts.entries()) {
    header.writeUInt32BE(part.readUInt32LE(4), 8 + index * 20);
    header.writeUInt32BE(offset, 8 + index * 20 + 8);
    offset += part.length;
  }
  return Buffer.concat([header, ...parts]);
}

/** A Windows library or program. */
export function pe({ machine, isLibrary, ownName }: { machine: number; isLibrary: boolean; ownName?: string }): Buffer {
  const file = Buffer.alloc(1024);
  file.write('MZ', 'latin1');
  file.writeUInt32LE(128, 60);
  file.write('PE\0\0', 128, 'latin1');
  file.writeUInt16LE(machine, 132);
  file.writeUInt16LE(1, 134);
  file.writeUInt16LE(240, 148);
  file.writeUInt16LE(isLibrary ? 0x2022 : 0x22, 150);
  file.writeUInt16LE(0x20b, 152);
  if (ownName !== undefined) {
    // One section, mapped at 0x1000: the table of exports at its start, the name behind it.
    const section = 152 + 240;
    file.writeUInt32LE(0x1000, 152 + 112);
    file.writeUInt32LE(0x1000, section + 12);
    file.writeUInt32LE(512, section + 16);
    file.writeUInt32LE(512, section + 20);
    file.writeUInt32LE(0x1028, 512 + 12);
    file.write(`${ownName}\0`, 512 + 40, 'latin1');
  }
  return file;
}
