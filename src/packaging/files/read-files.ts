import { closeSync, readSync } from 'node:fs';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { shown } from '../../errors/shown.ts';
import { openForeignFile } from '../../files/open-foreign-file.ts';
import { Budget, type BudgetLimits } from './budget.ts';
import { CooperativeYield } from './cooperative-yield.ts';
import type { PackageFile } from './package-files.ts';

/** A file of a package whose size is known before its content is read. */
export interface OpenedFile {
  readonly path: string;
  readonly bytes: number;
  /** Permission bits, such as `0o755`. */
  readonly mode: number;
  /** The content, `bytes` long in all. Each piece is valid until the next one is requested. */
  readonly content: AsyncIterable<Uint8Array>;
}

const pieceBytes = 256 * 1024;

/**
 * Opens files in order. Each file stays open until the next one is requested. Memory use is constant.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_UNREADABLE`, and `FIDIUS_PACKAGE_CHANGED` when a file is longer or shorter than it was
 * when it was opened; the reason of `signal`.
 */
export async function* readFiles(
  files: Iterable<PackageFile>,
  signal?: AbortSignal,
  limits: Pick<BudgetLimits, 'maxBytes'> = {},
): AsyncGenerator<OpenedFile> {
  const budget = new Budget(limits, ({ limit }) => tooLarge(limit));
  const buffer = Buffer.allocUnsafe(pieceBytes);
  const yielding = new CooperativeYield(signal);
  for (const file of files) {
    const { descriptor: handle, status } = attempt(file, () => openForeignFile(file.real, { links: 'refuse' }));
    try {
      const { size, mode } = status;
      budget.addBytes(size);
      const content = readPieces(file, handle, size, buffer, yielding);
      yield { path: file.path, bytes: size, mode: mode & 0o777, content };
    } finally {
      closeSync(handle);
    }
  }
}

async function* readPieces(
  file: PackageFile,
  handle: number,
  size: number,
  buffer: Buffer,
  yielding: CooperativeYield,
): AsyncGenerator<Uint8Array> {
  for (let total = 0; ; ) {
    if (yielding.isDue) await yielding.pause();
    const length = attempt(file, () => readSync(handle, buffer));
    total += length;
    if (total > size || (length === 0 && total < size)) throw changed(file);
    if (length > 0) yield buffer.subarray(0, length);
    // A short read of a regular file is its end. This saves a second read of each small file.
    if (length < buffer.length && total === size) return;
  }
}

function attempt<T>(file: PackageFile, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new FidiusError(
      'FIDIUS_PACKAGE_UNREADABLE',
      `Cannot read ${shown(file.source)}: ${shown(messageOf(cause))}`,
      { cause, hint: ioHint(cause) },
    );
  }
}

function changed(file: PackageFile): FidiusError {
  return new FidiusError(
    'FIDIUS_PACKAGE_CHANGED',
    `Cannot read package: ${shown(file.source)} changed while it was read`,
    {
      hint: 'Wait until nothing writes to the package, then try again.',
    },
  );
}

function tooLarge(limit: number): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_TOO_LARGE', `Cannot read package: its files have more than ${limit} bytes`, {
    hint: 'Raise `maxBytes` if you trust the package.',
  });
}
