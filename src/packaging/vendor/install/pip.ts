import { FidiusError } from '../../../errors/fidius-error.ts';
import { messageOf } from '../../../errors/is-error.ts';
import { readForeignFile } from '../../../files/open-foreign-file.ts';
import { type InstalledSource, isWheelUrl } from './installed-source.ts';

/** What the program writes when it prevents something. */
export const refusedBuild = 'fidius refused to build:';
export const refusedConnection = 'fidius refused to connect:';

/**
 * A Python program that runs pip, and prevents what pip has no option against.
 *
 * `--only-binary` does not apply to addresses. A wheel may depend on one (`Requires-Dist: x @ file:///…`), and pip then
 * builds what is there. A folder of wheels may contain an HTML page, whose links pip follows despite `--no-index`.
 * Builds and repositories need a child process, and links need a connection. Audit hooks (PEP 578) see both before they
 * happen.
 *
 * pip itself starts a few programs that describe the system. They are listed by name.
 */
export function pipProgram({
  allowBuild,
  isOffline,
}: {
  readonly allowBuild: boolean;
  readonly isOffline: boolean;
}): string {
  return [
    'import os, runpy, sys',
    'harmless = ("lsb_release", "rustc", "uname", "keyring")',
    'def describes_system(command, args):',
    '    name = os.path.basename(os.fsdecode(command)).split(".exe")[0]',
    '    if name in harmless or name.startswith("ld-musl"): return True',
    // packaging.tags asks a second Python for the version of macOS.
    '    return isinstance(args, list) and args[1:] == ["-sS", "-c", "import platform; print(platform.mac_ver()[0])"]',
    'def watch(event, args):',
    ...(allowBuild
      ? []
      : [
          '    if event in ("os.system", "os.exec", "os.spawn", "os.posix_spawn") or (',
          '        event == "subprocess.Popen" and not describes_system(args[0], args[1])):',
          `        raise PermissionError("${refusedBuild} " + ascii(args[1] if event == "subprocess.Popen" else args[0]))`,
        ]),
    ...(isOffline
      ? [
          '    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):',
          `        raise PermissionError("${refusedConnection} " + ascii(args[1] if event == "socket.connect" else args[0]))`,
        ]
      : []),
    '    return None',
    'sys.addaudithook(watch)',
    'runpy.run_module("pip", run_name="__main__", alter_sys=True)',
  ].join('\n');
}

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
