import type { ChildUsage } from './child-usage.ts';
import type { ProcessState } from './supervisor.ts';

/** Figures of one process. */
export interface ProcessStats extends Partial<ChildUsage> {
  readonly state: ProcessState;
  /** Id of the process; `undefined` while there is none. */
  readonly pid: number | undefined;
  /** Number of restarts so far. */
  readonly restarts: number;
  /** Number of crashes so far. */
  readonly crashes: number;
}
