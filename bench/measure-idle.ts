import { Unavailable } from './measured-contender.ts';
import { median } from './median.ts';
import { runScript } from './run-script.ts';

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
  const printed = runScript(`./idle/${script}.mjs`, python, ['--expose-gc']);
  return printed instanceof Unavailable ? printed : Number(printed);
}
