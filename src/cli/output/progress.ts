import { type CommandIo, clearLine } from '../command-io.ts';

/** Reports progress. Cheap to call: most reports are not printed. */
type Report = (text: string) => void;

// Shorter work shows no progress. Updates are rate limited so that the line stays readable.
const delayMs = 300;
const intervalMs = 100;

/** The parameter of the work in {@link withProgress}. */
export interface ProgressContext {
  readonly report: Report;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Runs work that may take long, and that Ctrl-C aborts without leaving incomplete files. If stderr is a terminal, a line there
 * shows the progress until the work ends.
 *
 * @param start the text of the line before the first report.
 */
export async function withProgress<T>(
  io: CommandIo,
  start: string,
  work: (context: ProgressContext) => Promise<T>,
): Promise<T> {
  if (!io.isTty) return io.interruptible((signal) => work({ report: () => {}, signal }));
  const line = new ProgressLine(io);
  const timer = setTimeout(() => line.show(start), delayMs);
  try {
    return await io.interruptible((signal) => work({ report: (text) => line.report(text), signal }));
  } finally {
    clearTimeout(timer);
    line.clear();
  }
}

class ProgressLine {
  readonly #io: CommandIo;
  #next = performance.now() + delayMs;
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
    this.#io.stderr.write(`${clearLine}${text}`);
  }

  clear(): void {
    if (this.#shown) this.#io.stderr.write(clearLine);
  }
}
