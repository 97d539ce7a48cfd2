import { MeasuredContender, Unavailable } from './measured-contender.ts';
import { type MemoryTrial, memoryTrials } from './trials.ts';

/**
 * Bytes by which resident memory grows over very many calls, trial by trial.
 *
 * @param share of the calls to make; less than 1 for a first impression.
 */
export async function measureMemory(share: number): Promise<(readonly [MemoryTrial, number | Unavailable])[]> {
  const growths: (readonly [MemoryTrial, number | Unavailable])[] = [];
  for (const full of memoryTrials) {
    const trial = { ...full, calls: full.calls * share };
    growths.push([trial, await growth(trial)]);
  }
  return growths;
}

async function growth({ contender, operation, calls, inFlight = 1 }: MemoryTrial): Promise<number | Unavailable> {
  try {
    const opened = await MeasuredContender.open(contender, operation, inFlight);
    try {
      return await opened.memoryGrowth(calls);
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Unavailable) return error;
    throw error;
  }
}
