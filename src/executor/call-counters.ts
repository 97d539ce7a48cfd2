import type { PluginStats } from './executor.ts';

/** Counts the calls of one plugin by their outcomes. */
export class CallCounters {
  succeeded = 0;
  failed = 0;
  cancelled = 0;
  stopped = 0;
  finishedAnyway = 0;
  stillRunning = 0;

  /** @param queued number of waiting calls. @param running number of calls that Python has and has not answered. */
  toStats(queued: number, running: number): PluginStats {
    const { succeeded, failed, cancelled, stopped, finishedAnyway, stillRunning } = this;
    return { queued, running, succeeded, failed, cancelled, outcomes: { stopped, finishedAnyway, stillRunning } };
  }
}
