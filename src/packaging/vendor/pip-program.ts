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
