import { FidiusError } from '../../errors/fidius-error.ts';

/** The oldest CPython that is supported, and the newest that the tests have seen. */
export const supportedVersions = { oldest: '3.9', newestTested: '3.15' } as const;

/** What is asked of a Python besides its shared library. */
interface Traits {
  readonly implementation: string;
  readonly version: string;
  readonly freeThreaded: boolean;
}

/** @throws `FIDIUS_PYTHON_UNSUPPORTED`. */
export function checkSupported({ implementation, version, freeThreaded }: Traits): void {
  const { oldest } = supportedVersions;
  if (implementation !== 'cpython') {
    throw unsupported(`is ${implementation}, not CPython`, `Name a CPython ${oldest} or newer.`);
  }
  if (compareMinor(version, oldest) < 0) {
    throw unsupported(`is Python ${version}, and ${oldest} is the oldest supported`, 'Name a newer Python.');
  }
  if (freeThreaded) {
    const reason = `is Python ${version} built without the global interpreter lock, which is not supported`;
    throw unsupported(reason, 'Name the ordinary build of the same version.');
  }
}

/** True for a version that the tests have not seen yet. It is used all the same. */
export function isNewerThanTested(version: string): boolean {
  return compareMinor(version, supportedVersions.newestTested) > 0;
}

/** Compares two versions by their first two numbers. */
export function compareMinor(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

function unsupported(message: string, hint: string): FidiusError {
  return new FidiusError('FIDIUS_PYTHON_UNSUPPORTED', message, { hint });
}
