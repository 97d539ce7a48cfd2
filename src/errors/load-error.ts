import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** Where loading a package failed; what does not apply is left out. */
export interface LoadPlace {
  /** Folder of the package. */
  readonly path: string;
  /** Name of the interface asked for. */
  readonly interface: string;
  /** Dotted name of the Python module concerned. */
  readonly module?: string | undefined;
  /** Name of the missing attribute of the module, such as `__interface_hash__`. */
  readonly attribute?: string | undefined;
  /** Name of the method that is missing or not callable. */
  readonly method?: string | undefined;
  /** Where two packages have a module of one name: that of the package that was loaded first, and that of this one. */
  readonly collidingPaths?: readonly [first: string, second: string] | undefined;
}

/** Raised when a package cannot be loaded. Nothing of it stays behind in the interpreter. */
export class LoadError extends FidiusError implements LoadPlace {
  /** Path of the package, as it was found: a folder or an archive. */
  readonly path: string;
  /** Name of the interface that was requested. */
  readonly interface: string;
  /** Dotted name of the Python module concerned, if there is one. */
  readonly module: string | undefined;
  /** Name of the missing attribute of the module, if one is missing. */
  readonly attribute: string | undefined;
  /** Name of the method that is missing or not callable, if there is one. */
  readonly method: string | undefined;
  /** With `FIDIUS_MODULE_COLLISION`: the file of the module in the package that was loaded first, and in this one. */
  readonly collidingPaths: readonly [first: string, second: string] | undefined;

  static {
    nameErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, place: LoadPlace, options: FidiusErrorOptions = {}) {
    super(code, `Cannot load ${place.path}: ${message}`, options);
    this.path = place.path;
    this.interface = place.interface;
    this.module = place.module;
    this.attribute = place.attribute;
    this.method = place.method;
    this.collidingPaths = place.collidingPaths;
  }
}

/** Raised when the package implements another version of the interface. */
export class InterfaceHashMismatchError extends LoadError {
  /** What the package declares. */
  readonly got: bigint;
  /** What the host asks for. */
  readonly expected: bigint;

  static {
    nameErrorClass(this);
  }

  constructor(place: LoadPlace, got: bigint, expected: bigint, hint: string) {
    super(
      'FIDIUS_INTERFACE_HASH_MISMATCH',
      `interface hash mismatch for ${place.interface}: the package declares ${formatHash(got)}, the host expects ${formatHash(expected)}`,
      place,
      { hint },
    );
    this.got = got;
    this.expected = expected;
  }
}

/** An interface hash as everyone writes it: `0x` and 16 hexadecimal digits. */
export function formatHash(hash: bigint): string {
  return `0x${hash.toString(16).padStart(16, '0')}`;
}
