import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { shown, shownLines } from '../errors/shown.ts';
import type { Verbosity } from './global-options.ts';

/** A destination for text: a stream of the process, or a recorder in a test. */
export interface TextSink {
  write(text: string): unknown;
}

/** A destination for text and bytes. */
export interface ByteSink extends TextSink {
  write(data: string | Uint8Array): unknown;
}

/** The process of a command line. Only `main.ts` and `process-signals.ts` access it. */
export interface ProcessIo {
  /** Reads standard input to its end. Only called by a command that needs the input, because it waits for the end. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** Opens standard input, for a command that answers while it reads. */
  readonly openStdin: () => Readable;
  /** For results. */
  readonly stdout: ByteSink;
  /** For everything else: errors, hints, progress. */
  readonly stderr: TextSink;
  /** Whether stderr is a terminal, so that progress is useful. */
  readonly isTty: boolean;
  /** Whether stdout is a terminal. */
  readonly isStdoutTty: boolean;
  /** The width of the terminal, if stderr is one. */
  readonly columns: number | undefined;
  /**
   * Runs work that would leave incomplete files if the process were killed. Meanwhile, Ctrl-C aborts the signal with an
   * {@link Interruption} as its reason. Work that does not end soon after is killed with the process.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The program and the arguments that start this command line again, for work that may crash the process. */
  readonly self: readonly [string, ...string[]];
}

/** The environment of a command. */
export interface CommandIo extends ProcessIo {
  readonly verbosity: Verbosity;
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

/** How a command prints. */
export interface Appearance {
  readonly verbosity: Verbosity;
  /** Colors the messages on stderr. */
  readonly paintStderr: (text: string) => string;
}

/**
 * Returns the environment of a command, with output filters that escape control sequences: a command quotes text from packages,
 * paths and plugins.
 *
 * Bytes pass unchanged, and so does {@link clearLine} at the start of a text. Line breaks pass as well: code that writes a
 * quoted name escapes the line breaks in it.
 */
export function withEscapedOutput(io: ProcessIo, { verbosity, paintStderr }: Appearance): CommandIo {
  const { stdout, stderr } = io;
  return {
    ...io,
    verbosity,
    stdout: { write: (data) => stdout.write(typeof data === 'string' ? shownLines(data) : data) },
    stderr: {
      write: (text) =>
        stderr.write(
          text.startsWith(clearLine) ? clearLine + shown(text.slice(clearLine.length)) : paintStderr(shownLines(text)),
        ),
    },
  };
}
