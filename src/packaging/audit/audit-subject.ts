import type { ArchiveLimits } from '../archive/limits.ts';
import { settleLimits } from '../archive/limits.ts';
import { OpenArchive } from '../archive/open-archive.ts';
import { digestFiles } from '../digest.ts';
import { readManifestText } from '../manifest-text.ts';
import { listPackageFiles } from '../package-files.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { readSignature } from '../signing/verify-package.ts';
import { ArchiveSurvey } from '../store/archive-survey.ts';

/** What an audit looks at: all that can be known of a package without unpacking or running it. */
export interface AuditSubject {
  readonly isArchive: boolean;
  /** Files that the digest covers. */
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly leftOut: readonly string[];
  readonly signature: Buffer | undefined;
  readonly digest: Buffer;
  /** The text of the manifest, where it was read together with the rest. */
  readonly manifest: string | undefined;
}

type Limits = ArchiveLimits & { readonly signal?: AbortSignal | undefined };

export async function readFolderSubject(dir: string, limits: Limits): Promise<AuditSubject> {
  const { maxBytes, maxEntries } = settleLimits('auditPackage()', limits);
  const leftOut: string[] = [];
  const files = await listPackageFiles(dir, {
    signatures: 'leave out',
    maxEntries,
    signal: limits.signal,
    onLeftOut: (path) => isOurSignature(path) || leftOut.push(path),
  });
  let bytes = 0;
  const digest = await digestFiles(files, limits.signal, { maxBytes }, (size) => (bytes += size));
  const signature = await readSignature(dir);
  const paths = files.map(({ path }) => path);
  return { isArchive: false, paths, bytes, leftOut, signature, digest, manifest: readManifestText(dir) };
}

export async function readArchiveSubject(archive: string, limits: Limits): Promise<AuditSubject> {
  const opened = OpenArchive.open(archive);
  try {
    const { digest, facts, sizes } = await ArchiveSurvey.read(opened, limits);
    const paths = sizes.map(([path]) => path);
    const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
    const { leftOut, signature, manifest } = facts;
    return { isArchive: true, paths, bytes, leftOut, signature, digest, manifest };
  } finally {
    opened.close();
  }
}
