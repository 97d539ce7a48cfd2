import type { StartOptions } from '../../cpython/lifecycle/start.ts';
import { findImplicitEnvironment } from '../../cpython/locate/places/dot-venv.ts';
import { LoadError } from '../../errors/load-error.ts';
import { isPluginError } from '../../errors/plugin-error.ts';
import { vendorFolder } from '../../packaging/vendor/distributions.ts';
import { describeVendorConflict, type VendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';

/** What the host knows about a load and the interpreter does not. */
interface LoadFacts {
  readonly vendorConflicts: readonly VendorConflict[];
  readonly start: StartOptions;
}

/** Loads a package. When that fails for a reason that only the host knows, the error names the reason and what to do. */
export async function explainFailure<T>(facts: LoadFacts, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    throw explainCollision(error, facts) ?? explainMissingModule(error, facts) ?? error;
  }
}

/**
 * The vendored module of another package has the same name. The hint of that error, to rename the module, is not for the
 * author of a package that only vendors it.
 */
function explainCollision(error: LoadError, { vendorConflicts }: LoadFacts): LoadError | undefined {
  const isVendored = error.collidingPaths?.some((path) => path.split(/[\\/]/).includes(vendorFolder)) ?? false;
  const [first, ...others] = vendorConflicts.map(describeVendorConflict);
  if (!isVendored || first === undefined) return undefined;
  const message = [reasonOf(error), ...[first, ...others].map((each) => each.message)].join('; ');
  return new LoadError('FIDIUS_MODULE_COLLISION', message, error, { cause: error, hint: first.hint });
}

/** The missing module may be in the `.venv` of the current folder, which an isolated Python uses only when it is named. */
function explainMissingModule(error: LoadError, { start }: LoadFacts): LoadError | undefined {
  const { cause } = error;
  if (error.code !== 'FIDIUS_IMPORT_FAILED') return undefined;
  if (!isPluginError(cause) || cause.pythonType !== 'ModuleNotFoundError') return undefined;
  const isUnnamed = start.isolatePython === true && start.python === undefined && start.libpython === undefined;
  const folder = isUnnamed ? findImplicitEnvironment() : undefined;
  if (folder === undefined) return undefined;
  const hint = `The host isolates Python and does not use ${folder}, because it was not named. If the module is there, open the host with \`python: '.venv'\`.`;
  return new LoadError(error.code, reasonOf(error), error, { cause, hint });
}

function reasonOf(error: LoadError): string {
  return error.message.slice(`Cannot load ${error.path}: `.length);
}
