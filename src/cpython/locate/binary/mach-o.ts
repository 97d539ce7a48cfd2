import type { Binary, ReadBytes } from './binary.ts';

/** `cputype` of the header. */
const machines: Readonly<Record<number, string>> = {
  7: 'ia32',
  0x01000007: 'x64',
  12: 'arm',
  0x0100000c: 'arm64',
};

const kinds: Readonly<Record<number, Binary['kind']>> = { 2: 'program', 6: 'library' };
const LC_ID_DYLIB = 0xd;

/** Reads a Mach-O file, the format of macOS; of a universal one the part for this process, or else its first part. */
export function readMachO(read: ReadBytes): Binary | undefined {
  const start = read(0, 8);
  if (start.length < 8) return undefined;
  if (start.readUInt32LE(0) === 0xfeedfacf) return readPart(read, 0);
  if (start.readUInt32BE(0) !== 0xcafebabe) return undefined;

  const count = start.readUInt32BE(4);
  // A Java class begins with the same four bytes; what follows is its version, 45 or more.
  if (count === 0 || count > 20) return undefined;
  const table = read(8, count * 20);
  const parts = Array.from({ length: count }, (_, index) => readPart(read, table.readUInt32BE(index * 20 + 8)));
  return parts.find((part) => part?.machine === process.arch) ?? parts[0];
}

function readPart(read: ReadBytes, start: number): Binary | undefined {
  const header = read(start, 32);
  if (header.readUInt32LE(0) !== 0xfeedfacf) return undefined;
  const machine = header.readUInt32LE(4);
  return {
    format: 'Mach-O',
    kind: kinds[header.readUInt32LE(12)] ?? 'other',
    machine: machines[machine] ?? `machine ${machine}`,
    ownName: readOwnName(read(start + 32, header.readUInt32LE(20)), header.readUInt32LE(16)),
  };
}

function readOwnName(commands: Buffer, count: number): string | undefined {
  for (let at = 0, index = 0; index < count && at + 12 <= commands.length; index += 1) {
    const size = commands.readUInt32LE(at + 4);
    if (commands.readUInt32LE(at) === LC_ID_DYLIB) {
      const text = commands.toString('utf8', at + commands.readUInt32LE(at + 8), at + size);
      return text.split('\0', 1)[0];
    }
    at += size;
  }
  return undefined;
}
