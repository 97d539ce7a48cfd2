import { type Outcome, runIsolated } from '../test/support/isolated.ts';
import type { EmbeddablePython } from '../test/support/pythons.ts';

/** How calls are made, and the locks that they use all the time. */
const executors = ['thread', 'sync'];
const kinds = ['logs', 'queues', 'pools', 'imports', 'locks'];

/**
 * Stops calls that use locks all the time, on every Python, for each executor and each kind of lock.
 *
 * @param timeouts how many calls to stop each time.
 * @returns what went wrong first, or `undefined`.
 */
export async function hammer(pythons: readonly EmbeddablePython[], timeouts: number): Promise<string | undefined> {
  for (const python of pythons) {
    for (const executor of executors) {
      for (const kind of kinds) {
        const args = [executor, kind, String(timeouts)];
        const env = { ...process.env, FIDIUS_PYTHON: python.executable };
        // A call takes up to 12 ms, and a busy machine is slower.
        const outcome = await runIsolated('hammer.ts', { args, env, timeoutMs: 120_000 + timeouts * 100 });
        const title = `hammer.ts ${args.join(' ')} on CPython ${python.version}`;
        const problem = problemOf(outcome);
        if (problem !== undefined) return `${title}: ${problem}\n${outcome.stdout}${outcome.stderr}`;
        console.log(`${title}: ${reportOf(outcome)}`);
      }
    }
  }
  return undefined;
}

function problemOf(outcome: Outcome): string | undefined {
  if (outcome.timedOut) return 'it did not end';
  if (outcome.exitCode !== 0) return `it ended with ${outcome.signal ?? outcome.exitCode}`;
  const report = reportOf(outcome);
  if (report === undefined) return 'it reported nothing';
  const { stillRunning } = (JSON.parse(report) as { outcomes: { stillRunning: number } }).outcomes;
  return stillRunning === 0 ? undefined : `${stillRunning} calls were not stopped`;
}

function reportOf(outcome: Outcome): string | undefined {
  return outcome.stdout.split('\n').find((line) => line.startsWith('{'));
}
