/**
 * Runs processes that load, call, abort, close and end at random, until the time is over or one of them does wrong.
 *
 * Every process must end in the way it was told to, with every promise settled as often as it was made: once. Each round
 * takes the next libpython of this machine, and every fifth terminates worker threads in the middle of their calls.
 *
 * After that it stops calls that use locks all the time, on every libpython (`hammer.ts`).
 *
 * With `process`, hosts run plugins in child processes instead, which are killed at random (`stress-process.ts`).
 *
 * Usage: npm run stress [-- <seconds, default 600> [<seed of the first round> [<calls to stop, default 10000>]]]
 *        npm run stress -- process [<seconds, default 600> [<seed of the first round>]]
 */
import { type Outcome, runIsolated } from '../test/support/isolated.ts';
import { embeddablePythons } from '../test/support/pythons.ts';
import { hammer } from './hammer.ts';
import { stressProcesses } from './stress-process.ts';

/** How a process ends, and the exit code that belongs to it. */
const ends = { close: 0, forget: 0, exit: 7, throw: 1 } as const;
type End = keyof typeof ends;

if (process.argv[2] === 'process') {
  const [, seconds = '600', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  const problem = await stressProcesses(Number(seconds), Number(seed));
  if (problem !== undefined) console.error(problem);
  process.exit(problem === undefined ? 0 : 1);
}

const [seconds = '600', firstSeed = String(Date.now() % 1_000_000), timeouts = '10000'] = process.argv.slice(2);
const until = performance.now() + Number(seconds) * 1000;
const pythons = embeddablePythons();
const started = performance.now();

let rounds = 0;
let calls = 0;
for (let seed = Number(firstSeed); performance.now() < until; seed += 1) {
  const python = pythons[rounds % pythons.length];
  rounds += 1;
  const env = { ...process.env, FIDIUS_PYTHON: python?.executable };
  const end = (Object.keys(ends) as End[])[seed % 4] as End;
  const args = rounds % 5 === 0 ? [seed % 2 === 0 ? 'async' : 'sync', '5'] : [String(seed), '8000', end];
  const program = rounds % 5 === 0 ? 'terminate-workers.ts' : 'stress-round.ts';

  const outcome = await runIsolated(program, { args, env, timeoutMs: 120_000 });
  const problem = rounds % 5 === 0 ? problemOfWorkers(outcome) : problemOf(outcome, end);
  const title = `${program} ${args.join(' ')} on CPython ${python?.version}`;
  if (problem !== undefined) {
    console.error(`${title}: ${problem}\n${outcome.stdout}${outcome.stderr}`);
    process.exit(1);
  }
  console.log(`${title}: ${outcome.stdout.trim().split('\n').at(-1)}`);
}
console.log(`${rounds} rounds with ${calls} calls in ${Math.round((performance.now() - started) / 1000)} s, all well`);

const wrong = await hammer(pythons, Number(timeouts));
if (wrong !== undefined) {
  console.error(wrong);
  process.exit(1);
}

function problemOf(outcome: Outcome, end: End): string | undefined {
  if (outcome.timedOut) return 'it did not end';
  if (outcome.exitCode !== ends[end]) return `it ended with ${outcome.signal ?? outcome.exitCode}`;
  const line = outcome.stdout.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) return 'it reported nothing';
  const { made, settled, wrong, unexpected } = JSON.parse(line) as Report;
  calls += made;
  if (wrong > 0) return `${wrong} results were wrong`;
  if (unexpected.length > 0) return `unexpected errors: ${unexpected.join(', ')}`;
  if (end === 'close' && made !== settled) return `${made - settled} promises were not settled`;
  return undefined;
}

function problemOfWorkers(outcome: Outcome): string | undefined {
  if (outcome.timedOut) return 'it did not end';
  return outcome.exitCode === 0 ? undefined : `it ended with ${outcome.signal ?? outcome.exitCode}`;
}

/** What `stress-round.ts` prints. */
interface Report {
  readonly made: number;
  readonly settled: number;
  readonly wrong: number;
  readonly unexpected: readonly string[];
}
