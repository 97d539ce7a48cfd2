import { FidiusError, nameErrorClass } from './fidius-error.ts';

/**
 * What ended a call that had timed out: an exception that was raised in it, a signal that ended its process, or nothing, because
 * it finished, or had not begun.
 */
export type CallEnding = 'exception' | 'SIGTERM' | 'SIGKILL' | 'finishedAnyway' | 'neverRan';

/** What is known about the end of a call that timed out. */
export interface CallEndData {
  /** What ended the call. */
  readonly endedBy: CallEnding;
  /** Milliseconds from the deadline until the call had ended. */
  readonly overdueMs: number;
  /** Number of other calls that were in flight in the process. They failed if the process was ended. */
  readonly otherCalls: number;
}

/** Raised with the executor `process` when a call has timed out and has ended. */
export class CallTimeoutError extends FidiusError implements CallEndData {
  /** What ended the call. */
  readonly endedBy: CallEnding;
  /** Milliseconds from the deadline until the call had ended. */
  readonly overdueMs: number;
  /** Number of other calls that were in flight in the process. They failed if the process was ended. */
  readonly otherCalls: number;

  static {
    nameErrorClass(this);
  }

  constructor(title: string, timeoutMs: number | undefined, data: CallEndData, cause?: unknown) {
    const hint = isSignal(data.endedBy)
      ? 'Allow more time, or have the method do less. Code in C can only be ended together with its process.'
      : 'Allow more time, or have the method do less.';
    super('FIDIUS_CALL_TIMEOUT', `${title} timed out after ${timeoutMs} ms; ${describeEnd(data)}`, { cause, hint });
    this.endedBy = data.endedBy;
    this.overdueMs = data.overdueMs;
    this.otherCalls = data.otherCalls;
  }
}

function isSignal(ending: CallEnding): boolean {
  return ending === 'SIGTERM' || ending === 'SIGKILL';
}

function describeEnd({ endedBy, overdueMs, otherCalls }: CallEndData): string {
  if (endedBy === 'neverRan') return 'it had not begun';
  if (endedBy === 'finishedAnyway') return `it finished ${overdueMs} ms later`;
  if (endedBy === 'exception') return `an exception stopped it ${overdueMs} ms later`;
  const others =
    otherCalls === 0 ? '' : `, together with ${otherCalls} other call${otherCalls === 1 ? '' : 's'} in flight`;
  return `${endedBy} ended its process ${overdueMs} ms later${others}`;
}
