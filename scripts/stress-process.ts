import { killedEnds, runKilledChildren } from '../test/support/killed-children.ts';

/**
 * Runs hosts whose child processes are killed at random under load, until the time is over or something goes wrong.
 *
 * @returns what went wrong.
 */
export async function stressProcesses(seconds: number, firstSeed: number): Promise<string | undefined> {
  const until = performance.now() + seconds * 1000;
  const total = { rounds: 0, calls: 0, kills: 0 };
  for (let seed = firstSeed; performance.now() < until; seed += 1) {
    const end = killedEnds[seed % killedEnds.length] ?? 'close';
    const { problem, report } = await runKilledChildren(seed, 8000, end);
    const title = `kill-children.ts ${seed} 8000 ${end}`;
    if (problem !== undefined) return `${title}: ${problem}`;
    console.log(`${title}: ${JSON.stringify(report)}`);
    total.rounds += 1;
    total.calls += report?.made ?? 0;
    total.kills += report?.kills ?? 0;
  }
  const { rounds, calls, kills } = total;
  console.log(`${rounds} rounds with ${calls} calls and ${kills} kills, all well`);
  return undefined;
}
