import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Unavailable } from './measured-contender.ts';

const pluginFolder = fileURLToPath(new URL('./start-up/plugin', import.meta.url));

/** What a script of this folder prints, in a process of its own, told the folder of the plugin and an interpreter. */
export function runScript(path: string, python: string, flags: readonly string[] = []): string | Unavailable {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const args = [...flags, file, pluginFolder, python];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  return new Unavailable(stderr.split('\n').find((line) => line.includes('Error')) ?? `it ended with ${status}`);
}
