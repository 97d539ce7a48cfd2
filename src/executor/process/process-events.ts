import { channel } from 'node:diagnostics_channel';
import type { ProcessError } from '../../errors/process-error.ts';
import { emitSafely } from '../../node/timers.ts';
import type { ProcessState } from './supervisor.ts';

/** An event of the channel `fidius:process`: the process of one or more plugins has changed its state. */
export interface ProcessEvent {
  /** The state after the change. */
  readonly state: ProcessState;
  /** Id of the process; `undefined` if it was not created. */
  readonly pid: number | undefined;
  /** The interpreter. */
  readonly executable: string;
  /** Names of the plugins that it runs. */
  readonly plugins: readonly string[];
  /** Number of restarts so far. */
  readonly restarts: number;
  /** Why it has ended; with `dead` and `failed`, unless it was closed. */
  readonly error?: unknown;
  /** Milliseconds until it is started again; with `dead`, unless it was closed. */
  readonly restartInMs?: number | undefined;
}

/** Processes of any host of this JavaScript thread: https://nodejs.org/api/diagnostics_channel.html */
export const processChannel = channel('fidius:process');

/** The process of a plugin has ended by itself, runs again, or is not started again. */
export interface ProcessNotice {
  /** Distinguishes it from the other notices of a host. */
  readonly kind: 'process';
  /** What happened. `failed`: it is not started again. */
  readonly event: 'crashed' | 'restarted' | 'failed';
  /** Names of the plugins that it runs. */
  readonly plugins: readonly string[];
  /** What has happened. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Tells a listener what has become of a process. */
export function notifyOf(
  listener: ((notice: ProcessNotice) => void) | undefined,
  event: ProcessNotice['event'],
  plugins: readonly string[],
  error?: unknown,
): void {
  if (listener === undefined) return;
  const subject = plugins.length === 1 ? `plugin ${plugins[0]}` : `plugins ${plugins.join(', ')}`;
  const reason = error instanceof Error ? `: ${error.message}` : '';
  const hint = (error as Partial<ProcessError> | undefined)?.hint;
  emitSafely(listener, {
    kind: 'process',
    event,
    plugins,
    message: `${texts[event]} ${subject}${reason}`,
    hint: event === 'failed' ? failedHint : (hint ?? 'Nothing has to be done.'),
  });
}

const texts: Readonly<Record<ProcessNotice['event'], string>> = {
  crashed: 'The process ended that runs',
  restarted: 'A new process runs',
  failed: 'The process is not started again that ran',
};

const failedHint = 'Fix the reason, then load the plugin again.';
