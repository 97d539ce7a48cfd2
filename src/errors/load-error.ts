import type { ErrorCode } from './codes.ts';
import { assignKnown, FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

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
  declare readonly module: string | undefined;
  /** Name of the missing attribute of the module, if one is missing. */
  declare readonly attribute: string | undefined;
  /** Name of the method that is missing or not callable, if there is one. */
  declare readonly method: string | undefined;
  /** With `FIDIUS_MODULE_COLLISION`: the file of the module in the package that was loaded first, and in this one. */
  declare readonly collidingPaths: readonly [first: string, second: string] | undefined;

  static {
    nameErrorClass(this, 'module', 'attribute', 'collidingPaths');
  }

  constructor(code: ErrorCode, message: string, place: LoadPlace, options: FidiusErrorOptions = {}) {
    super(code, `Cannot load ${place.path}: ${message}`, options);
    this.path = place.path;
    this.interface = place.interface;
    const { module, attribute, method, collidingPaths } = place;
    assignKnown<LoadError>(this, { module, attribute, method, collidingPaths });
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

/** A line of Python code. */
export interface CodePlace {
  /** Path of the file, as the code object of Python has it (`co_filename`). */
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
  /** Name of the function; `<module>` for what runs when a module is imported. */
  readonly function: string;
}

/**
 * The phases of a load, in their order: search the search paths, verify a package and store it, start Python, import the entry
 * module.
 */
export type LoadPhase = 'discovery' | 'verification' | 'start' | 'import';

/** What is known about a load whose time was over. */
export interface LoadStand {
  /** What it was doing. Default: `import`. */
  readonly phase?: LoadPhase | undefined;
  /** What Python was running: its innermost frame. Unknown when Python did not answer, being busy in code in C. */
  readonly stoodAt?: CodePlace | undefined;
  /** The innermost line of the package itself, where that is another one. */
  readonly calledFrom?: CodePlace | undefined;
  /** Whether it waited for another load to end. */
  readonly waited?: boolean | undefined;
}

/** Raised when loading took longer than `loadTimeoutMs`; tells what it was doing. */
export class LoadTimeoutError extends FidiusError implements LoadStand {
  /** Name of the plugin; its path for a load by path. */
  declare readonly plugin: string;
  /** For the whole load, all phases together. */
  readonly timeoutMs: number;
  /** The phase in which the time ended. */
  readonly phase: LoadPhase;
  /** The innermost frame of Python; `undefined` if it is unknown, or Python was not running. */
  declare readonly stoodAt: CodePlace | undefined;
  /** The innermost line of the package itself, if {@link stoodAt} is in other code. */
  declare readonly calledFrom: CodePlace | undefined;
  /** Whether the load was waiting for another load to end. */
  readonly waited: boolean;

  static {
    nameErrorClass(this, 'stoodAt', 'calledFrom');
  }

  /** @param request `folder` is where the package was found, or runs from; `undefined` as long as none was found. */
  constructor(
    request: { readonly plugin: string; readonly folder: string | undefined },
    timeoutMs: number,
    stand: LoadStand,
  ) {
    const { phase = 'import', stoodAt, calledFrom, waited = false } = stand;
    const from = request.folder === undefined ? '' : ` from ${request.folder}`;
    super(
      'FIDIUS_LOAD_TIMEOUT',
      `Loading ${request.plugin}${from} timed out after ${timeoutMs} ms${describeStand(stand)}`,
      {
        hint: waited ? 'Find the load that does not end: imports of all plugins take turns.' : hints[phase],
      },
    );
    this.plugin = request.plugin;
    this.timeoutMs = timeoutMs;
    this.phase = phase;
    assignKnown<LoadTimeoutError>(this, { stoodAt, calledFrom });
    this.waited = waited;
  }
}

const doing: Readonly<Record<Exclude<LoadPhase, 'import'>, string>> = {
  discovery: 'while the search paths were read',
  verification: 'while the package was verified, unpacked or stored',
  start: 'while Python was started',
};

const hints: Readonly<Record<LoadPhase, string>> = {
  discovery: 'Name search paths with fewer packages, or allow more time with `loadTimeoutMs`.',
  verification: 'Use a faster disk or a smaller package, or allow more time with `loadTimeoutMs`.',
  start: 'See what the .pth files of the environment import, or allow more time with `loadTimeoutMs`.',
  import: 'See what its module does while it is imported, or allow more time with `loadTimeoutMs`.',
};

function describeStand({ phase = 'import', stoodAt, calledFrom, waited }: LoadStand): string {
  if (phase !== 'import') return `, ${doing[phase]}`;
  if (waited === true) return ', while it waited for another load to end';
  if (stoodAt === undefined) return '';
  const from = calledFrom === undefined ? '' : `, called from ${describePlace(calledFrom)}`;
  return `, in ${describePlace(stoodAt)}${from}`;
}

function describePlace({ file, line, function: name }: CodePlace): string {
  return `${name}${name.startsWith('<') ? '' : '()'} at ${file}:${line}`;
}
