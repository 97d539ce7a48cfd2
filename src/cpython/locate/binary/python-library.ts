import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { ioHint } from '../../../errors/io-hint.ts';
import type { Binary } from './binary.ts';
import { describeMissing, readBinary } from './read-binary.ts';

/** A file that the loader of this process will take, and that calls itself the library of a CPython. */
export interface PythonLibrary {
  readonly path: string;
  /** `3.11`: a library does not tell more without being loaded. */
  readonly version: string;
  readonly freeThreaded: boolean;
  readonly debug: boolean;
  readonly machine: string;
}

/**
 * Looks into a shared library before it is loaded: afterwards there is only the loader's own message, or a crash.
 *
 * @throws `FIDIUS_LIBPYTHON_NOT_FOUND`, `FIDIUS_LIBPYTHON_INVALID`, `FIDIUS_LIBPYTHON_ARCHITECTURE`.
 */
export function readPythonLibrary(path: string): PythonLibrary {
  const missing = describeMissing(path);
  if (missing !== undefined) throw new FidiusError('FIDIUS_LIBPYTHON_NOT_FOUND', missing, { hint: hints.whichFile });
  if (!statSync(path).isFile()) throw invalid('is not a file', hints.whichFile);

  const binary = readHeader(path);
  checkFits(binary);
  if (binary.kind !== 'library') throw invalid('is a program, not a shared library', hints.nameAsPython);

  const ownName = binary.ownName ?? basename(path);
  // libpython3.11.so.1.0, libpython3.13t.so.1.0, @rpath/libpython3.12.dylib, …/Versions/3.12/Python, python311_d.dll
  const match = /(?:python|versions\/)(\d)\.?(\d+)(t?)(_?d?)/i.exec(ownName);
  if (match === null) {
    const isForwarder = /python3\.(?:so|dll)$/i.test(ownName);
    throw isForwarder
      ? invalid(`only forwards to the library of one version of Python (it calls itself ${ownName})`, hints.whichFile)
      : invalid(`is a shared library, but not CPython's (it calls itself ${ownName})`, hints.whichFile);
  }
  const [, major, minor, threads, debug] = match;
  return {
    path,
    version: `${major}.${minor}`,
    freeThreaded: threads !== '',
    debug: debug !== '',
    machine: binary.machine,
  };
}

const hints = {
  whichFile: 'Name the library of one version, such as libpython3.11.so.1.0, or an interpreter (option `python`).',
  nameAsPython: 'Name an interpreter with the option `python`.',
};

function readHeader(path: string): Binary {
  let binary: Binary | undefined;
  try {
    binary = readBinary(path);
  } catch (cause) {
    throw invalid(`cannot be read (${(cause as NodeJS.ErrnoException).code})`, ioHint(cause), cause);
  }
  if (binary === undefined) throw invalid('is not a shared library, or a damaged one', hints.whichFile);
  return binary;
}

function checkFits({ format, machine }: Binary): void {
  const ours = process.platform === 'win32' ? 'PE' : process.platform === 'darwin' ? 'Mach-O' : 'ELF';
  if (format === ours && machine === process.arch) return;
  const message = `is ${format === 'ELF' ? 'an' : 'a'} ${format} file for ${machine}, and this Node.js needs ${ours} for ${process.arch}`;
  throw new FidiusError('FIDIUS_LIBPYTHON_ARCHITECTURE', message, {
    hint: `Install a Python for ${process.arch}, or a Node.js for ${machine}.`,
  });
}

function invalid(message: string, hint?: string, cause?: unknown): FidiusError {
  return new FidiusError('FIDIUS_LIBPYTHON_INVALID', message, { hint, cause });
}
