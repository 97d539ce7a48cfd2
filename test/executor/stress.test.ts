import { describe, expect, it } from 'vitest';
import { runIsolated } from '../support/isolated.ts';

// The long form is `npm run stress`.
describe.concurrent('a process that loads, calls, aborts and closes at random', () => {
  it.each([
    ['close', 0],
    ['forget', 0],
    ['exit', 7],
  ])(
    'ends by %s, with every promise settled and every result right',
    async (end, exitCode) => {
      // Another one in each run; a failure prints it.
      const seed = String(Date.now() % 1_000_000);

      const outcome = await runIsolated('stress-round.ts', { args: [seed, '4000', end], timeoutMs: 100_000 });

      expect({ ...outcome, seed }).toMatchObject({ exitCode, signal: null, timedOut: false });
      const report = JSON.parse(outcome.stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}') as Report;
      // At process.exit() promises are on their way.
      const settled = end === 'exit' ? report.settled : report.made;
      expect({ ...report, seed }).toMatchObject({ wrong: 0, unexpected: [], settled });
    },
    120_000,
  );
});

interface Report {
  readonly made: number;
  readonly settled: number;
}
