import { MeasuredContender, Unavailable } from './measured-contender.ts';
import { median } from './median.ts';
import type { Beside, ContenderId, Trial } from './trials.ts';

export interface Effort {
  /**
   * How often every contender is started anew. Where its memory happens to lie makes some calls several times faster or
   * slower, for as long as the process lives.
   */
  readonly openings: number;
  /** Rounds after each opening. */
  readonly rounds: number;
  readonly roundMs: number;
  /** What a contender may take after one opening; the slow ones make fewer rounds, but never fewer than two. */
  readonly maxSeconds: number;
}

export interface Figure {
  readonly contender: ContenderId;
  readonly budget?: number;
  /** Nanoseconds per call, or why there is none. */
  readonly median: number | Unavailable;
}

export interface Comparison {
  readonly trial: Trial;
  readonly ours: Figure;
  readonly beside: readonly Figure[];
}

interface Lane {
  readonly beside: Beside;
  readonly samples: number[];
  opened?: MeasuredContender;
  failure?: Unavailable;
}

/**
 * Runs one trial: every contender in its own process, one round each in turn, in an order that changes from round to
 * round. What disturbs the machine meanwhile disturbs all of them alike.
 */
export async function compare(trial: Trial, effort: Effort): Promise<Comparison> {
  const lanes = [{ contender: trial.ours }, ...trial.beside].map((beside): Lane => ({ beside, samples: [] }));
  for (let opening = 0; opening < effort.openings; opening += 1) await runOpening(trial, lanes, effort);
  const [ours, ...beside] = lanes.map(toFigure);
  if (ours === undefined) throw new Error(`Trial ${trial.id} has no contender`);
  return { trial, ours, beside };
}

async function runOpening(trial: Trial, lanes: readonly Lane[], effort: Effort): Promise<void> {
  try {
    for (const lane of lanes) await guard(lane, () => open(lane, trial, effort));
    for (let round = 0; round < effort.rounds; round += 1) {
      for (let turn = 0; turn < lanes.length; turn += 1) {
        const lane = lanes[(round + turn) % lanes.length] as Lane;
        await guard(lane, () => runRound(lane, round, effort));
      }
    }
  } finally {
    for (const { opened } of lanes) opened?.close();
  }
}

/** A contender that fails once is out; the others go on. */
async function guard(lane: Lane, step: () => Promise<void>): Promise<void> {
  if (lane.failure !== undefined) return;
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    lane.failure = error;
  }
}

async function open(lane: Lane, trial: Trial, effort: Effort): Promise<void> {
  const { contender, operation = trial.operation } = lane.beside;
  lane.opened = await MeasuredContender.open(contender, operation, trial.inFlight ?? 1);
  await lane.opened.calibrate(effort.roundMs);
}

async function runRound({ opened, samples }: Lane, round: number, effort: Effort): Promise<void> {
  if (opened === undefined || (round >= 2 && opened.measuredSeconds > effort.maxSeconds)) return;
  samples.push(await opened.round());
}

function toFigure({ beside: { contender, budget }, samples, failure }: Lane): Figure {
  const figure = { contender, median: failure ?? median(samples) };
  return budget === undefined ? figure : { ...figure, budget };
}
