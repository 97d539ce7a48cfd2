import { ProcessError } from '../../errors/process-error.ts';
import type { Exit } from '../server/transport.ts';
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
  const data = { pid: undefined, exitCode: undefined, signal: undefined, stderrTail: '', mayHaveRun: false };
  return new ProcessError('FIDIUS_PROCESS_START_FAILED', `Cannot start ${executable}: ${cause.message}`, data, {
    cause,
    hint: 'Check that the interpreter and the working folder exist, and that the system can create processes.',
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
