import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Unavailable } from './measured-contender.ts';
import { median } from './median.ts';

const pluginFolder = fileURLToPath(new URL('./start-up/plugin', import.meta.url));

/** Resident bytes of a process that has loaded a plugin, called it once and now does nothing; a script of `idle/` each. */
export function measureIdle(
  scripts: readonly string[],
  python: string,
  rounds: number,
): Map<string, number | Unavailable> {
  return new Map(
    scripts.map((script) => {
      const samples = Array.from({ length: rounds }, () => residentBytes(script, python));
      const failed = samples.find((sample) => sample instanceof Unavailable);
      return [script, failed ?? median(samples.filter((sample) => typeof sample === 'number'))];
    }),
  );
}

function residentBytes(script: string, python: string): number | Unavailable {
  const file = fileURLToPath(new URL(`./idle/${script}.mjs`, import.meta.url));
  const args = ['--expose-gc', file, pluginFolder, python];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status === 0) return Number(stdout);
  return new Unavailable(stderr.split('\n').find((line) => line.includes('Error')) ?? `it ended with ${status}`);
}
