import { supportedVersions } from '../../cpython/locate/supported.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import type { ProcessOptions } from '../../executor/process/process-options.ts';
import {
  allowsPython,
  isPythonSpecifier,
  requireVendoredFor,
  type TargetPython,
} from '../../packaging/vendor/check-vendored.ts';
import type { PreparedPackage } from '../policy/package-policy.ts';
import type { ExecutorPool, StartedExecutor } from './executor-pool.ts';

type Subject = Pick<PreparedPackage, 'path' | 'folder' | 'manifest'>;

/** A child process whose Python fits a package. */
export interface FittingProcess {
  readonly started: StartedExecutor;
  /** Options that name this Python. */
  readonly process: ProcessOptions;
}

/**
 * Checks that a Python can run a package: `requires_python` in its metadata, and what is vendored.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_PYTHON`, `FIDIUS_VENDOR_MISMATCH`.
 */
export function requirePythonFor(subject: Subject, python: TargetPython): void {
  const { path, folder } = subject;
  const required = requiredPython(subject);
  if (required !== undefined && !allowsPython(required, python.version)) {
    throw new FidiusError(
      'FIDIUS_PACKAGE_PYTHON',
      `Cannot load ${path}: it requires Python ${required}, and this is ${python.version}`,
      { hint: 'Load it with the executor "auto", or with `process: { python }` that names another Python.' },
    );
  }
  requireVendoredFor(folder, python);
}

/**
 * Finds a Python on this machine for a package that the usual one cannot run, the newest that fits.
 *
 * @param reason why the usual one cannot run it.
 * @throws `reason`, with the versions that were looked for, if there is none.
 */
export function findPythonFor(
  subject: Subject,
  executors: ExecutorPool,
  options: ProcessOptions | undefined,
  reason: FidiusError,
): FittingProcess {
  const unfit: string[] = [];
  for (const version of minorVersions()) {
    const settings = { ...options, python: version };
    const started = ignoringAbsent(() => executors.start('process', `load ${subject.manifest.name}`, settings));
    if (started === undefined) continue;
    try {
      requirePythonFor(subject, started.python);
      return { started, process: settings };
    } catch (error) {
      if (!isFidiusError(error)) throw error;
      unfit.push(started.python.version);
    }
  }
  const others = unfit.length === 0 ? 'No other Python was found' : `Python ${unfit.join(', ')} cannot run it either`;
  throw new FidiusError(reason.code, `${reason.message}. ${others}`, {
    cause: reason,
    hint:
      reason.code === 'FIDIUS_PACKAGE_PYTHON'
        ? `Install a Python ${requiredPython(subject)}, or name one with \`process: { python }\`.`
        : reason.hint,
  });
}

function ignoringAbsent(start: () => StartedExecutor): StartedExecutor | undefined {
  try {
    return start();
  } catch (error) {
    if (isFidiusError(error) && error.code === 'FIDIUS_PYTHON_NOT_FOUND') return undefined;
    throw error;
  }
}

/** From the newest to the oldest. */
function minorVersions(): readonly string[] {
  const [newest, oldest] = [supportedVersions.newestTested, supportedVersions.oldest].map((version) =>
    Number(version.slice('3.'.length)),
  ) as [number, number];
  return Array.from({ length: newest - oldest + 1 }, (_, index) => `3.${newest - index}`);
}

/** @throws FidiusError `FIDIUS_PACKAGE_PYTHON` for a value that is no version specifier. */
export function requiredPython({ path, manifest }: Subject): string | undefined {
  const required = (manifest.metadata as Readonly<Record<string, unknown>> | null)?.['requires_python'];
  if (required === undefined) return undefined;
  if (typeof required === 'string' && isPythonSpecifier(required)) return required;
  throw new FidiusError(
    'FIDIUS_PACKAGE_PYTHON',
    `Cannot load ${path}: requires_python is ${describe(required)}, expected a version specifier`,
    { hint: 'Write it in [metadata] of package.toml as in `requires_python = ">=3.10,<3.14"`.' },
  );
}
