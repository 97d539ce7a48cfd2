import { closeSync, existsSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import type { Binary, ReadBytes } from './binary.ts';
import { readElf } from './elf.ts';
import { readMachO } from './mach-o.ts';
import { readPe } from './pe.ts';

/** A header that asks for more than this at once is damaged; the largest tables in use have a few thousand bytes. */
const maxReadBytes = 1 << 20;

/** Reads the header of a file; `undefined` if it is not a valid binary of a known format. */
export function readBinary(path: string): Binary | undefined {
  const file = openSync(path, 'r');
  try {
    const read: ReadBytes = (offset, length) => {
      if (length > maxReadBytes || !Number.isSafeInteger(offset)) throw new RangeError('Outside of any file');
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
    };
    return readElf(read) ?? readMachO(read) ?? readPe(read);
  } catch (error) {
    // Also what Buffer raises when a table ends before it should.
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Why there is nothing at `path`, for a message; `undefined` when there is something. */
export function describeMissing(path: string): string | undefined {
  if (existsSync(path)) return undefined;
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? `is a link to ${readlinkSync(path)}, which does not exist` : 'does not exist';
}
