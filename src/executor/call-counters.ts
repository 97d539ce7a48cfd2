import type { PluginStats } from './executor.ts';

/** What became of the calls of one plugin so far. */
export class CallCounters {
  succeeded = 0;
  failed = 0;
  givenUp = 0;
  stopped = 0;
  finishedAnyway = 0;
  stillRunning = 0;

  /** @param queued calls that wait now. @param running calls that are with Python now. */
  toStats(queued: number, running: number): PluginStats {
    const { succeeded, failed, givenUp, stopped, finishedAnyway, stillRunning } = this;
    return { queued, running, succeeded, failed, givenUp, outcomes: { stopped, finishedAnyway, stillRunning } };
  }
}
