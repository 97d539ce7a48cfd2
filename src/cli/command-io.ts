import { constants } from 'node:os';
import { shown, shownLines } from '../errors/shown.ts';

/** A destination for text: a stream of the process, or a recorder in a test. */
export interface TextSink {
  write(text: string): unknown;
}

/** A destination for text and bytes. */
export interface ByteSink extends TextSink {
  write(data: string | Uint8Array): unknown;
}

/** The environment of a command. Only `main.ts` accesses the process. */
export interface CommandIo {
  /** Reads standard input to its end. Only called by a command that needs the input, because it waits for the end. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** For results. */
  readonly stdout: ByteSink;
  /** For everything else: errors, hints, progress. */
  readonly stderr: TextSink;
  /** Whether stderr is a terminal, so that progress is useful. */
  readonly isTty: boolean;
  /**
   * Runs work that would leave incomplete files if the process were killed. Meanwhile, Ctrl-C aborts the signal with an
   * {@link Interruption} as its reason. A second Ctrl-C ends the process.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The program and the arguments that start this command line again, for work that may crash the process. */
  readonly self: readonly [string, ...string[]];
}

/** The reason of an aborted command: Ctrl-C, or a request to terminate the process. */
export class Interruption extends Error {
  /** The exit code that a shell reports for a process ended by the signal: 130 after Ctrl-C. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Moves the cursor to the start of the line, and clears the line. */
export const clearLine = '\r\u001B[K';

/**
 * Returns the same environment with output filters that escape control sequences: a command quotes text from packages, paths
 * and plugins.
 *
 * Bytes pass unchanged, and so does {@link clearLine} at the start of a text. Line breaks pass as well: code that writes a
 * quoted name escapes the line breaks in it.
 */
export function withEscapedOutput(io: CommandIo): CommandIo {
  const { stdout, stderr } = io;
  return {
    ...io,
    stdout: { write: (data) => stdout.write(typeof data === 'string' ? shownLines(data) : data) },
    stderr: {
      write: (text) =>
        stderr.write(text.startsWith(clearLine) ? clearLine + shown(text.slice(clearLine.length)) : shownLines(text)),
    },
  };
}
