import { MeasuredContender, Unavailable } from './measured-contender.ts';
import { median } from './median.ts';
import type { Beside, ContenderId, Trial } from './trials.ts';

export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  /** No contender gets more than this for its rounds; the slow ones make fewer, but never fewer than five. */
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
  readonly opened: MeasuredContender | Unavailable;
  readonly samples: number[];
}

/**
 * Runs one trial: every contender in its own process, one round each in turn, in an order that changes from round to
 * round. What disturbs the machine meanwhile disturbs all of them alike.
 */
export async function compare(trial: Trial, effort: Effort): Promise<Comparison> {
  const lanes: Lane[] = [];
  try {
    for (const beside of [{ contender: trial.ours }, ...trial.beside]) {
      lanes.push({ beside, opened: await openLane(trial, beside, effort), samples: [] });
    }
    for (let round = 0; round < effort.rounds; round += 1) {
      for (let turn = 0; turn < lanes.length; turn += 1) {
        const lane = lanes[(round + turn) % lanes.length];
        if (lane !== undefined) await runRound(lane, effort);
      }
    }
  } finally {
    for (const { opened } of lanes) if (opened instanceof MeasuredContender) opened.close();
  }
  const [ours, ...beside] = lanes.map(toFigure);
  if (ours === undefined) throw new Error(`Trial ${trial.id} has no contender`);
  return { trial, ours, beside };
}

async function openLane(trial: Trial, beside: Beside, effort: Effort): Promise<MeasuredContender | Unavailable> {
  try {
    const operation = beside.operation ?? trial.operation;
    const opened = await MeasuredContender.open(beside.contender, operation, trial.inFlight ?? 1);
    await opened.calibrate(effort.roundMs);
    return opened;
  } catch (error) {
    if (error instanceof Unavailable) return error;
    throw error;
  }
}

async function runRound({ opened, samples }: Lane, effort: Effort): Promise<void> {
  if (opened instanceof Unavailable) return;
  if (samples.length >= 5 && opened.measuredSeconds > effort.maxSeconds) return;
  samples.push(await opened.round());
}

function toFigure({ beside: { contender, budget }, opened, samples }: Lane): Figure {
  const result = opened instanceof Unavailable ? opened : median(samples);
  return budget === undefined ? { contender, median: result } : { contender, budget, median: result };
}
