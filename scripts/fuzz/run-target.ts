import { createHash } from 'node:crypto';
import { errorCodes } from '../../src/errors/codes.ts';
import { isFidiusError } from '../../src/errors/fidius-error.ts';
import { shownLines } from '../../src/errors/shown.ts';
import { mutated, randomFor } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

/** What a thread that reads mutated inputs is told. */
export interface FuzzTask {
  readonly target: string;
  readonly folder: string;
  readonly seed: number;
  /** The first input. */
  readonly from: number;
  readonly milliseconds: number;
  readonly most: number;
  /** Where it says which input it reads, for whoever watches from outside: one number. */
  readonly progress: SharedArrayBuffer;
}

/** An input that was read in a way that must not be. */
export interface FuzzFinding {
  readonly index: number;
  readonly problem: string;
  readonly input: Buffer;
}

export interface FuzzOutcome {
  readonly inputs: number;
  readonly refused: number;
  readonly findings: readonly FuzzFinding[];
}

const mostFindings = 5;
/** Of processor time, for one input: all of them are small. */
const slowMs = 2000;

/** @throws Error when the target refuses one of its own samples. */
export async function runTarget(target: FuzzTarget, task: Omit<FuzzTask, 'target'>): Promise<FuzzOutcome> {
  const samples = await target.samples(task.folder);
  // A reader that refuses its own sample is not tested at all.
  for (const sample of samples) {
    const problem = await problemOf(target, sample, task.folder);
    if (problem.text !== '') throw new Error(`${target.name}: a valid input fails: ${problem.text}`);
  }
  const progress = new Int32Array(task.progress);
  const findings = new Map<string, FuzzFinding>();
  const end = performance.now() + task.milliseconds;
  let [index, refused] = [task.from, 0];
  for (; index < task.from + task.most && performance.now() < end && findings.size < mostFindings; index += 1) {
    Atomics.store(progress, 0, index);
    const input = mutated(samples, target.words, randomFor(task.seed, index));
    const before = process.cpuUsage();
    const problem = await problemOf(target, input, task.folder);
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1000;
    if (problem.text !== '') refused += 1;
    const found = problem.isFinding ? problem.text : took > slowMs ? `took ${Math.round(took)} ms` : undefined;
    if (found === undefined) continue;
    // One of each kind.
    const kind = createHash('sha256').update(found.replaceAll(/\d+/g, '').slice(0, 60)).digest('hex');
    if (!findings.has(kind)) findings.set(kind, { index, problem: found, input });
  }
  return { inputs: index - task.from, refused, findings: [...findings.values()] };
}

async function problemOf(
  target: FuzzTarget,
  input: Buffer,
  folder: string,
): Promise<{ readonly text: string; readonly isFinding: boolean }> {
  try {
    await target.read(input, folder);
    return { text: '', isFinding: false };
  } catch (error) {
    if (target.inner?.some((kind) => error instanceof kind) === true) return { text: String(error), isFinding: false };
    if (!isFidiusError(error)) {
      return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), isFinding: true };
    }
    if (!Object.hasOwn(errorCodes, error.code)) return { text: `unknown code ${error.code}`, isFinding: true };
    const text = `${error.message}\n${error.hint ?? ''}`;
    if (shownLines(text) !== text) return { text: `control characters in ${JSON.stringify(text)}`, isFinding: true };
    if (text.length > 100_000) return { text: `a message of ${text.length} characters`, isFinding: true };
    return { text, isFinding: false };
  }
}
