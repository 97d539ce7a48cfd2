import { type CommandIo, clearLine } from '../command-io.ts';
import { formatDuration, formatSize } from './text.ts';

/** A step of work, and how much of it is done. */
export interface Step {
  /** The name of the step, as in `writing`. */
  readonly step: string;
  readonly done?: number | undefined;
  /** What `done` reaches at the end, if that is known. */
  readonly total?: number | undefined;
  /** What is counted: bytes, or the plural of a noun. */
  readonly unit?: string | undefined;
}

// Shorter work shows no progress. Updates are rate limited so that the line stays readable.
const delayMs = 300;
const intervalMs = 100;

/** The parameter of the work in {@link withProgress}. */
export interface ProgressContext {
  /** Reports progress. Cheap to call: most reports are not printed. */
  readonly report: (step: Step) => void;
  /** Clears the line on the terminal, before a message. It appears again with the next update. */
  readonly clear: () => void;
  /** Ends the line on the terminal, before other code writes there. */
  readonly release: () => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Runs work that may take long, and that Ctrl-C aborts without leaving incomplete files.
 *
 * If stderr is a terminal, a line there shows the progress and the time until the work ends. With `--verbose`, each step is a
 * line of its own, on a terminal and elsewhere.
 *
 * @param what the work, as in `Packing demo`.
 */
export async function withProgress<T>(
  io: CommandIo,
  what: string,
  work: (context: ProgressContext) => Promise<T>,
): Promise<T> {
  const display = new ProgressDisplay(io, what);
  try {
    const result = await io.interruptible((signal) =>
      work({
        report: (step) => display.report(step),
        clear: () => display.clear(),
        release: () => display.close(),
        signal,
      }),
    );
    display.finish();
    return result;
  } finally {
    display.close();
  }
}

class ProgressDisplay {
  readonly #io: CommandIo;
  readonly #what: string;
  readonly #start = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #next = this.#start + delayMs;
  #step: Step | undefined;
  #isShown = false;

  constructor(io: CommandIo, what: string) {
    this.#io = io;
    this.#what = what;
    const isLive = io.isTty && io.verbosity !== 'quiet';
    // The time goes on while a step reports nothing.
    this.#timer = isLive ? setInterval(() => this.#show(), intervalMs) : undefined;
    if (io.verbosity === 'verbose') io.stderr.write(`${what}\n`);
  }

  report(step: Step): void {
    const isNew = step.step !== this.#step?.step;
    this.#step = step;
    if (isNew && this.#io.verbosity === 'verbose') this.#writeLine(`${this.#what}: ${step.step}`);
    // Also while a step keeps this thread busy and no timer fires.
    this.#show();
  }

  finish(): void {
    if (this.#io.verbosity !== 'verbose') return;
    this.#writeLine(`${this.#what}: done in ${formatDuration(this.#elapsed, { precise: true })}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  get #elapsed(): number {
    return performance.now() - this.#start;
  }

  #show(): void {
    const now = performance.now();
    if (this.#timer === undefined || now < this.#next) return;
    this.#next = now + intervalMs;
    this.#isShown = true;
    const time = this.#elapsed < 1000 ? [] : [formatDuration(this.#elapsed)];
    const parts = [...(this.#step === undefined ? [] : describeStep(this.#step)), ...time];
    const line = `${this.#what}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
    // A line that the terminal breaks could not be cleared.
    const width = (this.#io.columns || 80) - 1;
    this.#io.stderr.write(`${clearLine}${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
  }

  #writeLine(text: string): void {
    this.clear();
    this.#io.stderr.write(`${text}\n`);
  }

  /** Removes the line until the next update. */
  clear(): void {
    if (this.#isShown) this.#io.stderr.write(clearLine);
    this.#isShown = false;
  }
}

function describeStep({ step, done, total, unit = 'bytes' }: Step): readonly string[] {
  if (done === undefined) return [step];
  const amount = (count: number) => (unit === 'bytes' ? formatSize(count) : String(count));
  const counted = unit === 'bytes' ? '' : ` ${unit}`;
  if (total === undefined || total === 0) return [step, `${amount(done)}${counted}`];
  const percent = Math.min(100, Math.floor((done / total) * 100));
  return [step, `${percent} %`, `${amount(done)} of ${amount(total)}${counted}`];
}
