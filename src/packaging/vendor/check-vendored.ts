import { platform } from 'node:os';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { type Distribution, readDistributions, readVendorRecord, vendorFolder } from './distributions.ts';

/** A vendored distribution that a Python cannot import. */
export interface VendorProblem {
  readonly distribution: Distribution;
  /** For a message, such as `is built for cp311-cp311-manylinux_2_17_x86_64`. */
  readonly problem: string;
}

/**
 * Finds vendored distributions that were made for another Python or another system.
 *
 * Their import would fail with a message about a missing symbol or module, which names neither the package nor the
 * reason.
 *
 * @param system default: the system of this process.
 */
export function findVendorProblems(dir: string, python: TargetPython, system = thisSystem()): readonly VendorProblem[] {
  return readDistributions(join(dir, vendorFolder)).flatMap((distribution) => {
    const { tags, requiresPython } = distribution;
    if (tags.length > 0 && !tags.some((tag) => fitsTag(tag, python, system))) {
      return [{ distribution, problem: `is built for ${tags.join(' or ')}` }];
    }
    if (!allowsPython(requiresPython, python.version)) {
      return [{ distribution, problem: `requires Python ${requiresPython}` }];
    }
    return [];
  });
}

/**
 * Rejects a package whose vendored code cannot run on `python`.
 *
 * @throws FidiusError `FIDIUS_VENDOR_MISMATCH`
 */
export function requireVendoredFor(dir: string, python: TargetPython, system = thisSystem()): void {
  const problems = findVendorProblems(dir, python, system);
  if (problems.length === 0) return;
  const record = readVendorRecord(join(dir, vendorFolder));
  const found = problems.map(({ distribution, problem }) => `${distribution.name} ${distribution.version} ${problem}`);
  const source = record === undefined ? '' : `; it was vendored for ${nameOf(record.python, record.platform)}`;
  const message = `Cannot run package ${dir} on ${nameOf(python, system.platform)}: ${found.join(', ')}${source}`;
  throw new FidiusError('FIDIUS_VENDOR_MISMATCH', message, {
    hint: 'Get the package for this Python, or delete its vendor folder and pack it again with this Python.',
  });
}

function nameOf({ version, implementation, machine }: Omit<TargetPython, 'freeThreaded'>, system: string): string {
  return `${implementation === 'cpython' ? 'CPython' : implementation} ${version} (${system} ${machine})`;
}

/**
 * The system of this process. The version of glibc is determined on first use, because that takes several milliseconds.
 */
function thisSystem(): TargetSystem {
  return {
    platform: platform(),
    get glibc() {
      glibc ??= findGlibc();
      return glibc;
    },
  };
}

let glibc: string | undefined;

function findGlibc(): string | undefined {
  const found: unknown = process.report?.getReport();
  const header: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'header') : undefined;
  const version: unknown =
    typeof header === 'object' && header !== null ? Reflect.get(header, 'glibcVersionRuntime') : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** The Python that imports vendored code. The record of a located Python has this shape. */
export interface TargetPython {
  /** Such as `3.11.7`. */
  readonly version: string;
  /** Such as `cpython`. */
  readonly implementation: string;
  /** In the spelling of Python or Node: `x86_64` or `x64`, `aarch64` or `arm64`, … */
  readonly machine: string;
  readonly freeThreaded: boolean;
}

/** The system that the Python runs on. */
export interface TargetSystem {
  /** As Node names it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** Version of glibc, such as `2.36`; `undefined` if the system has none or its version is unknown. */
  readonly glibc: string | undefined;
}

/**
 * Whether a wheel with this tag runs there; tags are those of PEP 425, PEP 600 and PEP 656.
 *
 * An unknown kind of tag is accepted: if it does not fit, the import fails.
 */
export function fitsTag(tag: string, python: TargetPython, system: TargetSystem): boolean {
  const [interpreters = '', abis = '', platforms = ''] = tag.split('-');
  return (
    platforms.split('.').some((platform) => fitsPlatform(platform, python, system)) &&
    interpreters
      .split('.')
      .some((interpreter) => abis.split('.').some((abi) => fitsInterpreter(interpreter, abi, python)))
  );
}

function fitsInterpreter(interpreter: string, abi: string, python: TargetPython): boolean {
  const [major = 0, minor = 0] = python.version.split('.').map(Number);
  const [, kind = '', tagMajor = '', tagMinor = ''] = /^([a-z]+)(\d)(\d*)$/.exec(interpreter) ?? [];
  if (kind === '') return true;
  const isGeneric = kind === 'py';
  if (!isGeneric && kind !== 'cp') return false;
  if (!isGeneric && python.implementation !== 'cpython') return false;
  if (Number(tagMajor) !== major) return false;
  if (abi === 'none') return tagMinor === '' || (isGeneric ? Number(tagMinor) <= minor : Number(tagMinor) === minor);
  // The stable ABI serves every later version, but not builds without the GIL.
  if (abi === 'abi3') return Number(tagMinor) <= minor && !python.freeThreaded;
  return abi === `cp${major}${minor}${python.freeThreaded ? 't' : ''}`;
}

function fitsPlatform(tag: string, python: TargetPython, { platform, glibc }: TargetSystem): boolean {
  if (tag === 'any') return true;
  const machine = normalizeMachine(python.machine);
  const manylinux = /^manylinux_(\d+)_(\d+)_(.+)$/.exec(legacyManylinux(tag));
  if (manylinux !== null) {
    const [, major = '', minor = '', tagMachine = ''] = manylinux;
    if (platform !== 'linux' || normalizeMachine(tagMachine) !== machine) return false;
    if (glibc === undefined) return true;
    const [haveMajor = 0, haveMinor = 0] = glibc.split('.').map(Number);
    return haveMajor > Number(major) || (haveMajor === Number(major) && haveMinor >= Number(minor));
  }
  const [, musl] = /^musllinux_\d+_\d+_(.+)$/.exec(tag) ?? [];
  if (musl !== undefined) return platform === 'linux' && glibc === undefined && normalizeMachine(musl) === machine;
  const [, linux] = /^linux_(.+)$/.exec(tag) ?? [];
  if (linux !== undefined) return platform === 'linux' && normalizeMachine(linux) === machine;
  const [, mac] = /^macosx_\d+_\d+_(.+)$/.exec(tag) ?? [];
  if (mac !== undefined)
    return platform === 'darwin' && (mac.startsWith('universal') || normalizeMachine(mac) === machine);
  const [, windows] = /^win_?(amd64|arm64|32)$/.exec(tag) ?? [];
  if (windows !== undefined) return platform === 'win32' && normalizeMachine(windows) === machine;
  return true;
}

/** Replaces the older names of manylinux tags, which do not contain the version of glibc. */
function legacyManylinux(tag: string): string {
  return tag
    .replace(/^manylinux1_/, 'manylinux_2_5_')
    .replace(/^manylinux2010_/, 'manylinux_2_12_')
    .replace(/^manylinux2014_/, 'manylinux_2_17_');
}

const machineNames: Readonly<Record<string, string>> = {
  '32': 'i686',
  amd64: 'x86_64',
  arm64: 'aarch64',
  i386: 'i686',
  ia32: 'i686',
  x64: 'x86_64',
};

function normalizeMachine(machine: string): string {
  const name = machine.toLowerCase();
  return machineNames[name] ?? name;
}

/**
 * Whether a version of Python is among those that a specifier such as `>=3.9,!=3.9.1,<4` allows (PEP 440).
 *
 * Only the forms that distributions use in practice are evaluated. Any other form counts as allowed: if it is not, the
 * import fails.
 */
export function allowsPython(specifier: string, version: string): boolean {
  const have = numbersOf(version);
  return specifier
    .split(',')
    .map((part) => specifierPart.exec(part))
    .every((match) => match === null || allows(match, have));
}

/** Whether a text is a specifier that {@link allowsPython} understands wholly, such as `>=3.10,<3.14`. */
export function isPythonSpecifier(text: string): boolean {
  return text.split(',').every((part) => specifierPart.test(part));
}

const specifierPart = /^\s*(>=|<=|!=|==|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?\s*$/;

function allows([, operator = '', text = '', wildcard]: RegExpExecArray, have: readonly number[]): boolean {
  const wanted = numbersOf(text);
  const order = compare(have, wanted);
  const isBelow = compare(have.slice(0, wanted.length), wanted) === 0;
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '==':
      return wildcard === undefined ? order === 0 : isBelow;
    case '!=':
      return wildcard === undefined ? order !== 0 : !isBelow;
    default:
      // `~=3.9.2` is `>=3.9.2` and `==3.9.*`.
      return order >= 0 && compare(have.slice(0, wanted.length - 1), wanted.slice(0, -1)) === 0;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}
