import { type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { ffi } from '../../ffi/native.ts';

/** The version of a library that an extension module was compiled with, and the version that it uses. */
export interface LibraryVersions {
  readonly built: string | null;
  readonly running: string;
}

/** The report of `runtime/fidius_host/doctor.py` about its interpreter. */
export interface InterpreterReport {
  readonly version: string;
  readonly executable: string | null;
  readonly prefix: string;
  readonly basePrefix: string;
  /** `null` when there is no `ssl`. */
  readonly openssl: LibraryVersions | null;
  readonly zlib: LibraryVersions | null;
  readonly locale: {
    readonly ctype: string;
    readonly preferredEncoding: string;
    readonly filesystemEncoding: string;
    readonly utf8Mode: boolean;
  };
  readonly recursionLimit: number;
  /** Modules of the standard library that cannot be imported, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** The report of an interpreter inside this process, and the stack that it runs on. */
export interface EmbeddedReport extends InterpreterReport {
  /** The native stack that Python code runs on, for calls on the calling thread. */
  readonly stack: {
    readonly bytes: number;
    /** Whether CPython was told the bounds of the stack: since 3.14. If it cannot be told, it is not started. */
    readonly protection: 'set' | 'not needed';
  };
}

/**
 * Starts Python in this process and lets it report.
 *
 * For a process that may be lost: Python may crash there if its libraries conflict with those of Node.js.
 *
 * @throws what starting Python throws.
 */
export function readEmbeddedReport(options: StartOptions): EmbeddedReport {
  const report = startPython(options).invoke('doctor.report') as InterpreterReport;
  const [, minor = 0] = report.version.split('.').map(Number);
  return { ...report, stack: { bytes: ffi.stackBytes, protection: minor < 14 ? 'not needed' : 'set' } };
}
