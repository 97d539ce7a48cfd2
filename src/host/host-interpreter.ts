import { locatePython } from '../cpython/locate/locate-python.ts';
import type { LocateOptions } from '../cpython/locate/locator.ts';
import { FidiusError } from '../errors/fidius-error.ts';

/**
 * The interpreter that a host with these options would take: the one to vendor for.
 *
 * @throws the codes of finding Python; `FIDIUS_PYTHON_NOT_FOUND` also when there is a library without an interpreter.
 */
export function hostInterpreter(options: LocateOptions): string {
  const { python } = locatePython(options);
  if (python.executable !== undefined) return python.executable;
  throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', `${python.libpython} has no interpreter next to it`, {
    hint: 'Select an interpreter of the same version.',
  });
}
