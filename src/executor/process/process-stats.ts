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
  /** Resident memory in bytes; `undefined` while there is no process, and where the system does not tell. */
  readonly memoryBytes?: number | undefined;
  /** Processor time in milliseconds, likewise. */
  readonly cpuMs?: number | undefined;
}
