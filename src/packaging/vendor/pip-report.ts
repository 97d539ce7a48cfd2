import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { type InstalledSource, isWheelUrl } from './installed-source.ts';

// It contains the whole metadata of each distribution.
const maxReportBytes = 256 * 1024 * 1024;

/** The parts of pip's installation report that are used here. pip documents the format and numbers its versions. */
interface PipReport {
  readonly install: readonly {
    readonly download_info: {
      readonly url: string;
      readonly archive_info?: { readonly hash?: string; readonly hashes?: Readonly<Record<string, string>> };
      readonly vcs_info?: { readonly vcs?: string; readonly commit_id?: string };
    };
    readonly metadata: { readonly name: string; readonly version: string };
  }[];
}

/** Reads the installation report of pip (`--report`, pip 22.2). @throws FidiusError `FIDIUS_VENDOR_FAILED` */
export function readPipReport(path: string): readonly InstalledSource[] {
  try {
    const report: PipReport = JSON.parse(
      readForeignFile(path, { links: 'refuse', maxBytes: maxReportBytes }).toString(),
    );
    return report.install.map(({ metadata, download_info: { url, archive_info: archive, vcs_info: repository } }) => ({
      name: metadata.name,
      version: metadata.version,
      url: repository?.vcs === undefined ? url : `${repository.vcs}+${url}`,
      commit: repository?.commit_id,
      // pip 22.2 has only the older form of the two.
      sha256: archive?.hashes?.['sha256'] ?? /^sha256=(.+)$/.exec(archive?.hash ?? '')?.[1],
      built: archive === undefined || !isWheelUrl(url),
    }));
  } catch (cause) {
    const message = `Cannot vendor dependencies: pip did not report what it installed: ${messageOf(cause)}`;
    throw new FidiusError('FIDIUS_VENDOR_FAILED', message, {
      cause,
      hint: 'Vendor with another version of pip, or with uv.',
    });
  }
}
