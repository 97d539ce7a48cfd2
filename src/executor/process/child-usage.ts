import { readFileSync } from 'node:fs';

/** What a process uses. Known on Linux. */
export interface ChildUsage {
  /** Resident memory in bytes. */
  readonly memoryBytes: number;
  /** Processor time in milliseconds. */
  readonly cpuMs: number;
}

/** Linux reports processor time in ticks of this length on every architecture: `USER_HZ` is 100. */
const tickMs = 10;
const pageBytes = 4096;

/** Whether a process has ended and was not reaped yet; `undefined` where the system does not tell. */
export function isZombie(pid: number): boolean | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return undefined;
  }
}

/** @returns an empty record where the system does not tell. */
export function readUsage(pid: number): Partial<ChildUsage> {
  try {
    // The name of the program is in parentheses and may contain spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13);
    const status = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
    return { memoryBytes: Number(status[1]) * pageBytes, cpuMs: (userTicks + systemTicks) * tickMs };
  } catch {
    return {};
  }
}
