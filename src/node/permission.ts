/** `process.permission`: there when the process was started with `--permission` (Node 20: `--experimental-permission`). */
interface Permission {
  has(scope: string, reference?: string): boolean;
}

function permission(): Permission | undefined {
  return (process as { readonly permission?: Permission }).permission;
}

/** Whether this process was started with a list of what it may do. */
export function isRestricted(): boolean {
  return permission() !== undefined;
}

/** Whether sockets are denied. Node.js before 25 has no such permission, and answers `false` for names that it does not know. */
export function isNetworkDenied(): boolean {
  return Number.parseInt(process.versions.node, 10) >= 25 && permission()?.has('net') === false;
}

/** Whether that list leaves something out: reading a file, starting processes, starting threads. */
export function isDenied(scope: 'fs.read' | 'child' | 'worker', reference?: string): boolean {
  return permission()?.has(scope, reference) === false;
}
