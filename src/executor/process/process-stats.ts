import type { ProcessState } from './supervisor.ts';

/** Figures of one process. */
export interface ProcessStats {
  /** Its state now. */
  readonly state: ProcessState;
  /** Id of the process; `undefined` while there is none. */
  readonly pid: number | undefined;
  /** Number of restarts so far. */
  readonly restarts: number;
  /** Number of crashes so far. */
  readonly crashes: number;
  /** Number of times that a working process was replaced; see `recycle` and `Plugin.restart()`. */
  readonly recycles: number;
  /** Whether another process is ready to take its place; see `spare`. */
  readonly hasSpare: boolean;
  /** Resident memory in bytes; `undefined` while there is no process, and where the system does not tell. */
  readonly memoryBytes?: number | undefined;
  /** Processor time in milliseconds, likewise. */
  readonly cpuMs?: number | undefined;
}
