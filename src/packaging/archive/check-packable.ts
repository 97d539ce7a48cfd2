import { posix } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import type { PackageFile } from '../files/package-files.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { EntryNames, splitEntryPath } from './entry-path.ts';
import { resolveLimits } from './limits.ts';

/**
 * Rejects files that cannot be unpacked. The rules for archives are stricter than those of file systems.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_PATH_INVALID`, `FIDIUS_ARCHIVE_PATH_DUPLICATE`
 */
export function checkPackable(archive: string, root: string, files: readonly PackageFile[]): void {
  const names = new EntryNames();
  for (const { path } of files) {
    const parts = splitEntryPath(`${root}/${path}`);
    const refuse = (code: 'FIDIUS_ARCHIVE_PATH_DUPLICATE' | 'FIDIUS_ARCHIVE_PATH_INVALID', problem: string) =>
      new ArchiveError(
        code,
        `Cannot pack ${JSON.stringify(path)}: ${problem}`,
        { archive, entry: path },
        { hint: 'Rename it.' },
      );
    if ('code' in parts) throw refuse('FIDIUS_ARCHIVE_PATH_INVALID', parts.problem);
    const other = names.add(parts, false);
    if (other === undefined) continue;
    const name = JSON.stringify(other.slice(root.length + 1));
    throw refuse('FIDIUS_ARCHIVE_PATH_DUPLICATE', `some systems take it for the same as ${name}`);
  }
}

/** Describes the default limits that the archive exceeds when it is unpacked. */
export function describeExceededLimits(files: number, bytes: number, archiveBytes: number): readonly string[] {
  const { maxEntries, maxBytes, maxRatio } = resolveLimits('packPackage()', {});
  const ratio = bytes / archiveBytes;
  return [
    ...(files > maxEntries
      ? [`It has ${files} files; unpacking takes ${maxEntries} unless \`maxEntries\` is raised.`]
      : []),
    ...(bytes > maxBytes
      ? [`Its files have ${bytes} bytes; unpacking takes ${maxBytes} unless \`maxBytes\` is raised.`]
      : []),
    ...(ratio > maxRatio
      ? [
          `It was compressed ${ratio.toFixed(1)} times; unpacking takes ${maxRatio} times unless \`maxRatio\` is raised.`,
        ]
      : []),
  ];
}

/**
 * Rejects a WebAssembly package if a file that its manifest names is missing. No host could load it.
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
