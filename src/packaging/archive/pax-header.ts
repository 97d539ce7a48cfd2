import { CorruptTar } from './tar-header.ts';

/** What a PAX header says of the entry after it, as far as it is heeded. */
export interface PaxHeader {
  readonly path?: Uint8Array;
  readonly size?: number;
  /** Whether it describes the holes of a file in PAX's own way. */
  readonly isSparse: boolean;
}

/**
 * Reads the records of a PAX header: `<length> <key>=<value>` and a line feed, where the length counts all of that.
 *
 * @throws CorruptTar
 */
export function parsePaxHeader(content: Uint8Array): PaxHeader {
  const bytes = Buffer.from(content);
  const values = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const [text, digits] = /^([1-9]\d{0,6}) /.exec(bytes.toString('latin1', at, at + 8)) ?? [];
    const end = at + Number(digits);
    if (text === undefined || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw new CorruptTar('a PAX record is malformed');
    const record = bytes.subarray(at + text.length, end - 1);
    const equals = record.indexOf('=');
    if (equals <= 0) throw new CorruptTar('a PAX record is malformed');
    const key = record.toString('latin1', 0, equals);
    // Readers differ in which of the two they take.
    if (values.has(key)) throw new CorruptTar('a PAX header gives a value twice');
    values.set(key, record.subarray(equals + 1));
    at = end;
  }
  const path = values.get('path');
  const size = values.get('size');
  return {
    ...(path !== undefined && { path }),
    ...(size !== undefined && { size: parseSize(size.toString('latin1')) }),
    isSparse: [...values.keys()].some((key) => key.startsWith('GNU.sparse.')),
  };
}

function parseSize(text: string): number {
  const size = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(size)) throw new CorruptTar('a PAX size is no number');
  return size;
}
