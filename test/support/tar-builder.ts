import { writeFile } from 'node:fs/promises';
import { compressBzip2 } from './libbzip2.ts';

export interface TarField {
  readonly path?: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** One character; `0` is a file, `5` a folder. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  /** What the header says, whatever the content is. */
  readonly size?: number;
  readonly magic?: string;
  readonly prefix?: string;
  /** Bytes put into the header at an offset, before its checksum is made. */
  readonly patch?: readonly (readonly [at: number, bytes: string | Uint8Array])[];
  /** Leaves the checksum wrong. */
  readonly wrongChecksum?: boolean;
}

/** One entry of a tar file, made by hand so that it can be wrong in every way. */
export function tarEntry(field: TarField): Buffer {
  const content = Buffer.from(field.content ?? '');
  const header = Buffer.alloc(512);
  Buffer.from(field.path ?? '').copy(header, 0, 0, 100);
  header.write(octal(field.mode ?? 0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(field.size ?? content.length, 11), 124);
  header.write(octal(1, 11), 136);
  header.write('        ', 148);
  header.write(field.type ?? '0', 156);
  header.write(field.link ?? '', 157);
  header.write(field.magic ?? 'ustar\x0000', 257);
  header.write(field.prefix ?? '', 345);
  for (const [at, bytes] of field.patch ?? []) Buffer.from(bytes).copy(header, at);
  const sum = header.reduce((total, byte) => total + byte, 0) + (field.wrongChecksum === true ? 1 : 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return Buffer.concat([header, padded(content)]);
}

/** A PAX header with these records, for the entry after it. */
export function paxEntry(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + 1;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  });
  return tarEntry({ path: 'PaxHeaders/x', type, content: lines.join('') });
}

/** A GNU entry with the long path of the entry after it. */
export function longName(path: string | Uint8Array): Buffer {
  return tarEntry({ path: '././@LongLink', type: 'L', content: Buffer.concat([Buffer.from(path), Buffer.alloc(1)]) });
}

/** A complete tar file. */
export function tarOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** Compresses and writes an archive. */
export async function writeArchiveFile(path: string, tar: Uint8Array): Promise<void> {
  await writeFile(path, await compressBzip2(tar));
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
