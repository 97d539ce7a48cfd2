import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FidiusError } from '../errors/fidius-error.ts';
import { isDenied } from '../node/permission.ts';

/** The Python of this library that runs inside the interpreter. */
export const runtimeFolder = folderOfPackage('runtime');

/** The SDK for plugin authors, importable as `fidius` by packages that do not vendor it. */
export const sdkFolder = folderOfPackage('python');

/**
 * Makes sure that the Python files are where this file expects them, which they are not when it was bundled into a program,
 * and that Python can read them, which it cannot where only Node sees into a zip archive (Yarn Plug'n'Play).
 * To be called before Python is started: a start without them fails, and Python can be started only once.
 *
 * @throws FidiusError `FIDIUS_RUNTIME_MISSING`.
 */
export function requireRuntimeFolders(): void {
  if (process.versions['pnp'] !== undefined && /\.zip[\\/]/.test(runtimeFolder)) {
    throw new FidiusError(
      'FIDIUS_RUNTIME_MISSING',
      `The Python files of fidius are inside a zip archive: ${runtimeFolder}`,
      {
        hint: 'Have Yarn unpack the package: remove `unplugged: false` for fidius from `dependenciesMeta` in package.json.',
      },
    );
  }
  if (existsSync(join(runtimeFolder, 'fidius_host', 'startup.py'))) return;
  // Not allowed to look: that is another error, see permission.ts.
  if (isDenied('fs.read', runtimeFolder)) return;
  throw new FidiusError('FIDIUS_RUNTIME_MISSING', `The Python files of fidius are not in ${runtimeFolder}`, {
    hint: 'Keep fidius out of the bundle: name it as external (esbuild: --external:fidius), and install it next to the program.',
  });
}

/** Two levels up from `src/cpython/` and from `dist/bundle/`. */
function folderOfPackage(name: string): string {
  // Bundled as CommonJS there is none.
  const here: string | undefined = import.meta.url;
  return here === undefined ? name : fileURLToPath(new URL(`../../${name}`, here));
}
