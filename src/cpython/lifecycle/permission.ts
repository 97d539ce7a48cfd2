import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ffi } from '../../ffi/native.ts';
import { isDenied, isNetworkDenied, isRestricted } from '../../node/permission.ts';
import { runtimeFolder } from '../runtime-folders.ts';

/**
 * Makes sure that this process may load native code, and read what starting Python takes.
 *
 * @throws FidiusError `FIDIUS_PYTHON_PERMISSION`, which names every flag that is missing.
 */
export function requirePermission(): void {
  const refusal = refusedAddons();
  const folders = unreadable();
  if (refusal === undefined && folders.length === 0) return;
  if (!isRestricted()) {
    const message = 'Python cannot be started: this process loads no native code, because of --no-addons';
    throw new FidiusError('FIDIUS_PYTHON_PERMISSION', message, {
      cause: refusal,
      hint: 'Start node without that flag.',
    });
  }
  const flags = folders.map((folder) => `--allow-fs-read=${folder}/*`);
  throw refused(refusal === undefined ? flags : ['--allow-addons', ...flags], refusal);
}

/** Looks for Python. @throws FidiusError `FIDIUS_PYTHON_PERMISSION` where no interpreter is found because none may be asked. */
export function permittedSearch<T>(search: () => T): T {
  try {
    return search();
  } catch (cause) {
    if (!isDenied('child')) throw cause;
    throw refused(['--allow-child-process'], cause);
  }
}

/** Makes sure that this process may use sockets. @throws FidiusError `FIDIUS_PYTHON_PERMISSION` */
export function requireSockets(): void {
  if (isNetworkDenied()) throw refused(['--allow-net'], undefined);
}

function refused(flags: readonly string[], cause: unknown): FidiusError {
  return new FidiusError(
    'FIDIUS_PYTHON_PERMISSION',
    `Python cannot be started: this process lacks ${flags.join(' ')}`,
    {
      cause,
      hint: 'Add the flags to the command line of node. They hold back JavaScript alone: a plugin may do what the process may.',
    },
  );
}

/** The folders that have to be read in any case, and may not be. */
function unreadable(): string[] {
  const needed = { [runtimeFolder]: 'probe_python.py', ...(process.platform === 'linux' && { '/proc/self': 'maps' }) };
  return Object.entries(needed)
    .filter(([folder, file]) => isDenied('fs.read', join(folder, file)))
    .map(([folder]) => folder);
}

/** Why this process loads no native code; `undefined` when it does. */
function refusedAddons(): unknown {
  try {
    ffi.load();
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_DLOPEN_DISABLED' || code === 'ERR_ACCESS_DENIED') return error;
    throw error;
  }
}
