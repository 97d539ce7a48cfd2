import { type LoadedPackage, readLoadOutcome } from '../../protocol/load-outcome.ts';
import { type PackageSource, toLoadRecord } from '../../protocol/load-request.ts';
import type { Interpreter } from '../interpreter.ts';

/**
 * Loads a package into the interpreter: search path, import, interface hash, methods (`runtime/fidius_host/plugins/loading.py`).
 *
 * All or nothing: on failure `sys.path` and `sys.modules` are as before. Takes the lock, and holds it for as long as the
 * package's module-level code runs.
 *
 * @throws {@link LoadError} one code for each way in which loading can fail.
 */
export function loadPackage(interpreter: Interpreter, source: PackageSource): LoadedPackage {
  return readLoadOutcome(interpreter.invoke('loading.load', toLoadRecord(source)), source);
}

/** Unloads a package; with the last load of it, its modules are removed. */
export function unloadPackage(interpreter: Interpreter, loaded: LoadedPackage): void {
  interpreter.invoke('loading.unload', loaded.plugin);
}
