import type { PluginStats } from '../executor.ts';

/** Figures of a plugin that was never called. */
export const noCalls: PluginStats = {
  queued: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  outcomes: { stopped: 0, finishedAnyway: 0, stillRunning: 0 },
};

/** Adds the figures of one plugin in several processes. */
export function addStats(parts: readonly PluginStats[]): PluginStats {
  const sum = (read: (part: PluginStats) => number) => parts.reduce((total, part) => total + read(part), 0);
  return {
    queued: sum(({ queued }) => queued),
    running: sum(({ running }) => running),
    succeeded: sum(({ succeeded }) => succeeded),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    outcomes: {
      stopped: sum(({ outcomes }) => outcomes.stopped),
      finishedAnyway: sum(({ outcomes }) => outcomes.finishedAnyway),
      stillRunning: sum(({ outcomes }) => outcomes.stillRunning),
    },
  };
}
