import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** What is known about the process of a plugin that has ended or could not be started. */
export interface ProcessErrorData {
  /** Id of the process; `undefined` if it was not created. */
  readonly pid: number | undefined;
  /** Exit code; `undefined` if a signal ended the process, or if it has not ended. */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the process, such as `SIGSEGV`. */
  readonly signal: string | undefined;
  /** The last lines that the process wrote to its standard error. After a crash, they include a traceback. */
  readonly stderrTail: string;
  /** Whether Python may have run the call: it was sent to the process. A call that was not sent can be made again. */
  readonly mayHaveRun: boolean;
}

/** Raised when the process of a plugin, with the executor `process`, ends or cannot be started. */
export class ProcessError extends FidiusError implements ProcessErrorData {
  /** Id of the process; `undefined` if it was not created. */
  readonly pid: number | undefined;
  /** Exit code; `undefined` if a signal ended the process, or if it has not ended. */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the process, such as `SIGSEGV`. */
  readonly signal: string | undefined;
  /** The last lines that the process wrote to its standard error. */
  readonly stderrTail: string;
  /** Whether Python may have run the call. */
  readonly mayHaveRun: boolean;
  /** The message without the lines of stderr. */
  readonly #reason: string;

  static {
    nameErrorClass(this);
  }

  /** @param message without the lines of stderr, which are added. */
  constructor(code: ErrorCode, message: string, data: ProcessErrorData, options: FidiusErrorOptions = {}) {
    super(code, `${message}${toExcerpt(data.stderrTail)}`, options);
    this.#reason = message;
    this.pid = data.pid;
    this.exitCode = data.exitCode;
    this.signal = data.signal;
    this.stderrTail = data.stderrTail;
    this.mayHaveRun = data.mayHaveRun;
  }

  /**
   * Returns the error for one of the calls or loads that the process has not answered.
   *
   * @param subject begins the message, such as `add() of calculator failed`.
   */
  concerning(subject: string, mayHaveRun: boolean): ProcessError {
    const { code, hint, cause } = this;
    return new ProcessError(code, `${subject}: ${lowerFirst(this.#reason)}`, this.toData(mayHaveRun), { hint, cause });
  }

  /** @internal */
  toData(mayHaveRun: boolean): ProcessErrorData {
    const { pid, exitCode, signal, stderrTail } = this;
    return { pid, exitCode, signal, stderrTail, mayHaveRun };
  }
}

/** Number of lines of stderr in a message. All lines that were kept are in `stderrTail`. */
const shownLineCount = 12;

/** The lines that tell most: those of a crash report from its beginning, or the last ones. */
function toExcerpt(tail: string): string {
  if (tail === '') return '';
  const lines = tail.split('\n');
  const crash = lines.findLastIndex((line) => line.startsWith('Fatal Python error'));
  const shown = crash === -1 ? lines.slice(-shownLineCount) : lines.slice(crash, crash + shownLineCount);
  return `. Its stderr:\n${shown.join('\n')}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
