import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** The program that a shell would run for `command`, or nothing. Relative folders of `PATH` are left out. */
export function findCommand(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const names = process.platform === 'win32' ? [`${command}.exe`, command] : [command];
  // POSIX shells fall back to these two when there is no PATH at all, as in `env -i`.
  const folders = (env['PATH'] ?? env['Path'] ?? '/usr/bin:/bin')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder));
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
