import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { Manifest } from '../manifest.ts';

/**
 * Refuses a WebAssembly package without the files that its manifest names: no host could load it.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_COMPONENT`
 */
export async function requireComponent(dir: string, manifest: Manifest): Promise<void> {
  if (manifest.runtime !== 'wasm') return;
  const { component, precompiled } = manifest.wasm;
  for (const [field, file] of Object.entries({ component, precompiled })) {
    if (file === undefined) continue;
    const isFile = await stat(join(dir, file)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) continue;
    throw new FidiusError(
      'FIDIUS_PACKAGE_COMPONENT',
      `Cannot pack ${dir}: there is no file ${JSON.stringify(file)}, which \`[wasm].${field}\` of its manifest names`,
      { hint: field === 'component' ? 'Build the component into the package.' : 'Compile it, or remove the line.' },
    );
  }
}
