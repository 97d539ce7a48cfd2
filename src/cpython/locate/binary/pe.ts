import type { Binary, ReadBytes } from './binary.ts';

const machines: Readonly<Record<number, string>> = { 0x14c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' };
const IMAGE_FILE_DLL = 0x2000;

/** Reads a PE file, the format of Windows. */
export function readPe(read: ReadBytes): Binary | undefined {
  const stub = read(0, 64);
  if (stub.length < 64 || stub.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const at = stub.readUInt32LE(60);
  const header = read(at, 24);
  if (header.length < 24 || header.toString('latin1', 0, 4) !== 'PE\0\0') return undefined;
  const machine = header.readUInt16LE(4);
  return {
    format: 'PE',
    kind: (header.readUInt16LE(22) & IMAGE_FILE_DLL) === 0 ? 'program' : 'library',
    machine: machines[machine] ?? `machine ${machine}`,
    ownName: readOwnName(read, at + 24, header),
  };
}

/** The name in the table of exports, which is the first entry of the data directory. */
function readOwnName(read: ReadBytes, optionalAt: number, header: Buffer): string | undefined {
  const optional = read(optionalAt, header.readUInt16LE(20));
  const isWide = optional.readUInt16LE(0) === 0x20b;
  const exportsAddress = optional.readUInt32LE(isWide ? 112 : 96);
  const sections = read(optionalAt + optional.length, header.readUInt16LE(6) * 40);
  const toOffset = (address: number): number => {
    for (let each = 0; each + 40 <= sections.length; each += 40) {
      const start = sections.readUInt32LE(each + 12);
      if (start <= address && address < start + sections.readUInt32LE(each + 16)) {
        return address - start + sections.readUInt32LE(each + 20);
      }
    }
    throw new RangeError('An address outside all sections');
  };
  if (exportsAddress === 0) return undefined;
  const name = toOffset(read(toOffset(exportsAddress), 40).readUInt32LE(12));
  return read(name, 256).toString('latin1').split('\0', 1)[0];
}
