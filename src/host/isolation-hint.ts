import type { StartOptions } from '../cpython/lifecycle/start.ts';
import { findImplicitEnvironment } from '../cpython/locate/places/dot-venv.ts';
import { LoadError } from '../errors/load-error.ts';
import { isPluginError } from '../errors/plugin-error.ts';

/**
 * Loads a package. Where a module is missing that may be in the `.venv` of the current folder, which an isolated Python does not
 * use unless it is named, the error says so.
 */
export async function explainMissingModule<T>(start: StartOptions, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof LoadError) || error.code !== 'FIDIUS_IMPORT_FAILED') throw error;
    const { cause } = error;
    const isUnnamed = start.isolatePython === true && start.python === undefined && start.libpython === undefined;
    const folder = isUnnamed ? findImplicitEnvironment() : undefined;
    if (folder === undefined || !isPluginError(cause) || cause.pythonType !== 'ModuleNotFoundError') throw error;
    const hint = `The host isolates Python and does not use ${folder}, because it was not named. If the module is there, open the host with \`python: '.venv'\`.`;
    throw new LoadError(error.code, error.message.slice(`Cannot load ${error.path}: `.length), error, { cause, hint });
  }
}
