import { platform } from 'node:os';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { type Distribution, readDistributions, vendorFolder } from './distributions.ts';
import { allowsPython, fitsTag, type TargetPython, type TargetSystem } from './python-compatibility.ts';
import { readVendorRecord } from './vendor-record.ts';

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
