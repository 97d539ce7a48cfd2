import { type FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ProcessError } from '../../errors/process-error.ts';
import type { Exit, Transport } from '../server/transport.ts';
import type { KillLadder } from './kill-ladder.ts';

/** A process, as errors describe it. */
export interface EndedProcess {
  readonly pid: number | undefined;
  readonly executable: string;
  /** The last lines of its stderr. */
  readonly stderrTail: string;
  readonly ladder: Pick<KillLadder, 'step' | 'reason'>;
}

/** The error for a process that was not created. */
export function notSpawned(executable: string, cause: Error): ProcessError {
  return new ProcessError('FIDIUS_PROCESS_START_FAILED', `Cannot start ${executable}: ${cause.message}`, noProcess, {
    cause,
    hint: 'Check that the interpreter and the working folder exist, and that the system can create processes.',
  });
}

/** The error for a process that was killed because it was not ready in time. */
export function notReady(
  { process: pid, executable }: { readonly process: number; readonly executable: string },
  timeoutMs: number,
  stderrTail: string,
): ProcessError {
  const data = { pid, exitCode: undefined, signal: 'SIGKILL', stderrTail, mayHaveRun: false };
  const message = `The process ${pid} (${executable}) was not ready after ${timeoutMs} ms and was killed`;
  return new ProcessError('FIDIUS_PROCESS_START_FAILED', message, data, {
    hint: 'See what the .pth files of the environment import, or allow more time with `startTimeoutMs` of `process`.',
  });
}

/**
 * The error for a process whose connection has ended.
 *
 * @param exit `undefined` if the process has not ended.
 */
export function connectionEnded(
  child: EndedProcess,
  exit: Exit | undefined,
  isReady: boolean,
  cause?: Error,
): ProcessError {
  const { pid, executable, stderrTail, ladder } = child;
  const name = `process ${pid} (${executable})`;
  const exitCode = exit?.code ?? undefined;
  const signal = exit?.signal ?? undefined;
  const data = { pid, exitCode, signal, stderrTail, mayHaveRun: false };
  if (ladder.reason !== undefined) {
    const { title, overdueMs } = ladder.reason;
    return new ProcessError(
      'FIDIUS_PROCESS_TERMINATED',
      `The host terminated ${name} by ${ladder.step}, because ${title} had not stopped ${overdueMs} ms after it was cancelled`,
      data,
      { cause, hint: `Have ${title} return in time, or allow more time with \`terminateAfterMs\` of \`process\`.` },
    );
  }
  if (exit === undefined) {
    return new ProcessError(
      'FIDIUS_PROCESS_EXITED',
      `The connection to ${name} was lost, and the process runs on`,
      data,
      {
        cause,
        hint: 'Look for a plugin that closes descriptors that it did not open.',
      },
    );
  }
  const how = signal === undefined ? `exited with code ${exitCode}` : `was terminated by ${signal}`;
  if (!isReady) {
    return new ProcessError('FIDIUS_PROCESS_START_FAILED', `The ${name} ${how} before it was ready`, data, {
      cause,
      hint: 'Run the interpreter by itself to see whether it works, and check `env` and `limits` of `process`.',
    });
  }
  return new ProcessError('FIDIUS_PROCESS_EXITED', `The ${name} ${how}`, data, {
    cause,
    hint: 'Look for the reason in `stderrTail`. The next call uses a new process.',
  });
}

/** The error for a process that has crashed too often. @param plugins names of its plugins. */
export function notRestarted(plugins: readonly string[], crashes: number, cause: FidiusError): ProcessError {
  const data = cause instanceof ProcessError ? cause.toData(false) : noProcess;
  const count = `${crashes} crash${crashes === 1 ? '' : 'es'}`;
  const last = cause.message.split('\n', 1)[0];
  const message = `The process of ${plugins.join(', ')} is not started again after ${count}; the last one: ${last}`;
  return new ProcessError('FIDIUS_PROCESS_FAILED', message, data, {
    cause,
    hint: 'Fix the reason, then load the plugin again.',
  });
}

/** The error for a load into a process that has ended, or that could not be prepared. */
export function loadFailed(
  plugin: string,
  transport: Pick<Transport, 'facts' | 'stderrTail'> | undefined,
  error: unknown,
): unknown {
  const subject = `Loading ${plugin} failed`;
  if (error instanceof ProcessError) return error.concerning(subject, error.code !== 'FIDIUS_PROCESS_START_FAILED');
  if (!isFidiusError(error) || error.code !== 'FIDIUS_EXECUTOR_FAILED') return error;
  const data = { ...noProcess, pid: transport?.facts.process, stderrTail: transport?.stderrTail() ?? '' };
  return new ProcessError('FIDIUS_PROCESS_START_FAILED', `${subject}: ${error.message}`, data, {
    cause: error,
    hint: error.hint,
  });
}

const noProcess = { pid: undefined, exitCode: undefined, signal: undefined, stderrTail: '', mayHaveRun: false };
