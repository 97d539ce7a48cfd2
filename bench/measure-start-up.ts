import { Unavailable } from './measured-contender.ts';
import { median } from './median.ts';
import { timeToOutput } from './run-script.ts';

/** What one script may take in all; a slow one makes fewer rounds. */
const enoughMs = 20_000;

/**
 * Milliseconds from the start of a process to its first output, which is its first result; one script of `start-up/` after the
 * other, round by round. Each is told the folder of the plugin and the path of the interpreter.
 */
export async function measureStartUp(
  scripts: readonly string[],
  python: string,
  rounds: number,
): Promise<Map<string, number | Unavailable>> {
  const samples = new Map<string, number[] | Unavailable>(scripts.map((script) => [script, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [script, soFar] of samples) {
      if (soFar instanceof Unavailable || (round >= 3 && sum(soFar) > enoughMs)) continue;
      const result = await runOnce(script, python);
      if (result instanceof Unavailable) samples.set(script, result);
      else soFar.push(result);
    }
  }
  return new Map(
    Array.from(samples, ([script, soFar]) => [script, soFar instanceof Unavailable ? soFar : median(soFar)]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function runOnce(script: string, python: string): Promise<number | Unavailable> {
  const timed = await timeToOutput(`./start-up/${script}.mjs`, python);
  if (timed instanceof Unavailable || timed.stdout === '5\n') return timed instanceof Unavailable ? timed : timed.ms;
  return new Unavailable(`it printed ${JSON.stringify(timed.stdout)}`);
}
