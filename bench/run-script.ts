import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Unavailable } from './measured-contender.ts';

const pluginFolder = fileURLToPath(new URL('./start-up/plugin', import.meta.url));

/** What a script of this folder prints, in a process of its own, told the folder of the plugin and an interpreter. */
export function runScript(path: string, python: string, flags: readonly string[] = []): string | Unavailable {
  const args = [...flags, ...argumentsOf(path, python)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return status === 0 ? stdout : failure(status, stderr);
}

/** Milliseconds until such a script has printed something, and what it has printed by its end. */
export async function timeToOutput(
  path: string,
  python: string,
): Promise<{ readonly ms: number; readonly stdout: string } | Unavailable> {
  const start = process.hrtime.bigint();
  const child = spawn(process.execPath, argumentsOf(path, python), { stdio: ['ignore', 'pipe', 'pipe'] });
  let ms = Number.NaN;
  child.stdout.once('data', () => {
    ms = Number(process.hrtime.bigint() - start) * 1e-6;
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return status === 0 ? { ms, stdout } : failure(status, stderr);
}

function argumentsOf(path: string, python: string): readonly string[] {
  return [fileURLToPath(new URL(path, import.meta.url)), pluginFolder, python];
}

function failure(status: unknown, stderr: string): Unavailable {
  return new Unavailable(
    stderr.split('\n').find((line) => line.includes('Error')) ?? `it ended with ${String(status)}`,
  );
}
