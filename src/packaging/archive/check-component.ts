import { posix } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { Manifest } from '../manifest.ts';
import type { PackageFile } from '../package-files.ts';

/**
 * Refuses a WebAssembly package of which the packed files lack what its manifest names: no host could load it.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_COMPONENT`
 */
export function requireComponent(dir: string, manifest: Manifest, files: readonly PackageFile[]): void {
  if (manifest.runtime !== 'wasm') return;
  const { component, precompiled } = manifest.wasm;
  for (const [field, named] of Object.entries({ component, precompiled })) {
    if (named === undefined || files.some(({ path }) => path === posix.normalize(named))) continue;
    throw new FidiusError(
      'FIDIUS_PACKAGE_COMPONENT',
      `Cannot pack ${dir}: none of its files is ${JSON.stringify(named)}, which \`[wasm].${field}\` of its manifest names`,
      { hint: 'Build it into the package, outside of `target`, which is not packed.' },
    );
  }
}
