import { type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { ffi } from '../../ffi/native.ts';

/** A library as it was when an extension module was compiled, and as it is now. */
export interface LibraryVersions {
  readonly built: string | null;
  readonly running: string;
}

/** What `runtime/fidius_host/doctor.py` says about the interpreter it runs in. */
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

/** The same of an interpreter inside this process, and how it was fitted in. */
export interface EmbeddedReport extends InterpreterReport {
  /** The native stack that Python code runs on, for calls on the calling thread. */
  readonly stack: {
    readonly bytes: number;
    /** Whether CPython had to be told its bounds: since 3.14. Where it cannot be told, it is not started at all. */
    readonly protection: 'set' | 'not needed';
  };
}

/**
 * Starts Python in this process and lets it report.
 *
 * For a process that may be lost: finding out that libraries do not get along can take the form of a crash.
 *
 * @throws what starting Python throws.
 */
export function readEmbeddedReport(options: StartOptions): EmbeddedReport {
  const report = startPython(options).invoke('doctor.report') as InterpreterReport;
  const [, minor = 0] = report.version.split('.').map(Number);
  return { ...report, stack: { bytes: ffi.stackBytes, protection: minor < 14 ? 'not needed' : 'set' } };
}
