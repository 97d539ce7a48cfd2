/** Where a command writes. The streams of a process are such; tests pass something that remembers. */
export interface TextSink {
  write(text: string): unknown;
}

/** The same, for what is not always text. */
export interface ByteSink extends TextSink {
  write(data: string | Uint8Array): unknown;
}

/** The world as a command sees it. Only `main.ts` knows that there is a process behind it. */
export interface CommandIo {
  /** Everything that is piped in, once its end has come. Only for a command that needs it: otherwise nobody waits. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** For what was asked for. */
  readonly stdout: ByteSink;
  /** For everything else: errors, hints, progress. */
  readonly stderr: TextSink;
  /** Whether a person watches stderr, so that progress makes sense. */
  readonly isTty: boolean;
  /**
   * Runs work that leaves something behind when it is killed. While it runs, Ctrl-C aborts its signal instead of ending the
   * program, with an `Interruption` as reason; a second one ends the program.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The program and the arguments that start this command line anew, for a command that needs a process to lose. */
  readonly self: readonly [string, ...string[]];
}

/** One option of a command, in the terms of `parseArgs` of `node:util` plus what its help says. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Whether the command cannot do without it. */
  readonly required?: boolean;
  /** The values there are, where there are only a few. */
  readonly choices?: readonly string[];
  /** What the value is, such as `file`; printed as `--out <file>`. */
  readonly value?: string;
  /** One line for the help. An option without it works, and is not printed. */
  readonly help?: string;
}

/**
 * One command of the command line.
 *
 * Its file is loaded for every `fidius --help`, so it imports what it works with inside `run`.
 */
export interface Command {
  /** As it is typed; several words for a command of a group, such as `package validate`. */
  readonly name: string;
  /** What it does, in one line without a full stop. */
  readonly summary: string;
  /** The line after `Usage:`, such as `fidius stub <module> [options]`. */
  readonly usage: string;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** What the first argument can be, where it is one of a few words. */
  readonly words?: readonly string[];
  /** Lines that can be typed as they stand. */
  readonly examples: readonly string[];
  /**
   * @param argv what follows the name.
   * @returns the exit code: 0, or 1 when the answer is no. Whatever is thrown is printed by the caller, with exit code
   *   2 when it is a {@link UsageError} and otherwise 1.
   */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}
