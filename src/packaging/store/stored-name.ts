import type { Manifest } from '../manifest.ts';
import { packageStem } from '../package-name.ts';

/** Name of the stored folder of a package. */
export function storedName(stem: string, digest: Buffer): string {
  return `${stem}-${digest.toString('hex')}`;
}

/** Name and version if they can be part of a path. The digest alone distinguishes packages. */
export function stemOf(manifest: Manifest): string {
  try {
    return packageStem(manifest);
  } catch {
    return 'package';
  }
}
