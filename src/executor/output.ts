import { emitSafely } from '../node/timers.ts';

/** A line that a plugin printed or logged. */
export interface OutputEvent {
  /** Name of the plugin; `undefined` for a note about the output itself. */
  readonly plugin: string | undefined;
  /** `log` for records of Python's `logging`. */
  readonly stream: 'stdout' | 'stderr' | 'log';
  /** Without its line break; a log record can have several lines. */
  readonly text: string;
  /** `INFO`, `WARNING`, …; of log records. */
  readonly level?: string | undefined;
  /** Name of the logger; of log records. */
  readonly logger?: string | undefined;
}

/** Receives the lines that plugins print or log, one by one, on the JavaScript thread. */
export type OutputListener = (event: OutputEvent) => void;

/** A line as `captured_output.py` sends it: plugin, stream, text, level, logger. */
export type OutputLine = readonly [string | null, OutputEvent['stream'], string, string | null, string | null];

/** Passes lines to a listener, one by one. */
export function deliverLines(lines: readonly OutputLine[], listener: OutputListener): void {
  for (const [plugin, stream, text, level, logger] of lines) {
    const event = { plugin: plugin ?? undefined, stream, text };
    emitSafely(listener, level === null ? event : { ...event, level, logger: logger ?? undefined });
  }
}
