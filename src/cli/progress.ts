import type { CommandIo } from './command.ts';

/** Tells how far something has come. Cheap: most of what it is told is never shown. */
type Report = (text: string) => void;

// Work that is done by then needs no progress; and nobody reads faster.
const patienceMs = 300;
const intervalMs = 100;

/** What `work` of {@link withProgress} is given. */
export interface Watch {
  readonly report: Report;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Runs work that may take long, and can be interrupted without leaving anything half done. When a person watches stderr, a
 * line there says how far it is, as long as it goes on.
 *
 * @param start what the line says before `work` reports anything.
 */
export async function withProgress<T>(io: CommandIo, start: string, work: (watch: Watch) => Promise<T>): Promise<T> {
  if (!io.isTty) return io.interruptible((signal) => work({ report: () => {}, signal }));
  const line = new ProgressLine(io);
  const timer = setTimeout(() => line.show(start), patienceMs);
  try {
    return await io.interruptible((signal) => work({ report: (text) => line.report(text), signal }));
  } finally {
    clearTimeout(timer);
    line.clear();
  }
}

class ProgressLine {
  readonly #io: CommandIo;
  #next = performance.now() + patienceMs;
  #shown = false;

  constructor(io: CommandIo) {
    this.#io = io;
  }

  report(text: string): void {
    if (performance.now() >= this.#next) this.show(text);
  }

  show(text: string): void {
    this.#next = performance.now() + intervalMs;
    this.#shown = true;
    this.#io.stderr.write(`${startOfLine}${text}`);
  }

  clear(): void {
    if (this.#shown) this.#io.stderr.write(startOfLine);
  }
}

/** Goes back to the start of the line and empties it. */
export const startOfLine = '\r\u001B[K';
