import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './measured-process.ts';
import type { OperationName } from './operations.ts';
import type { ContenderId } from './trials.ts';

/** A contender that cannot take part: not installed, or its result is wrong. The page says so in its place. */
export class Unavailable extends Error {}

/** V8 compiles in steps, the last of them late. */
const warmUpMs = 600;

/** The parent's end of a `measured-process.ts`. */
export class MeasuredContender {
  readonly #child: ChildProcess;
  readonly #inFlight: number;
  #iterations = 1;
  #measuredNs = 0;

  private constructor(child: ChildProcess, inFlight: number) {
    this.#child = child;
    this.#inFlight = inFlight;
  }

  /** @throws {@link Unavailable} with the reason. */
  static async open(contender: ContenderId, operation: OperationName, inFlight: number): Promise<MeasuredContender> {
    const child = fork(fileURLToPath(new URL('./measured-process.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const opened = new MeasuredContender(child, inFlight);
    try {
      await opened.#ask({ kind: 'open', contender, operation });
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /** Warms up, and fixes how many calls make a round of about `roundMs`; every later round has that many. */
  async calibrate(roundMs: number): Promise<void> {
    this.#iterations = this.#inFlight;
    let spentMs = 0;
    for (;;) {
      const tookMs = (await this.round()) * this.#iterations * 1e-6;
      spentMs += tookMs;
      if (tookMs < roundMs / 2) this.#iterations *= 2;
      else if (spentMs > warmUpMs) return;
    }
  }

  /** Nanoseconds per call. */
  async round(): Promise<number> {
    const answer = await this.#ask({ kind: 'round', iterations: this.#iterations, inFlight: this.#inFlight });
    const nanoseconds = answer.kind === 'round' ? answer.nanoseconds : Number.NaN;
    this.#measuredNs += nanoseconds;
    return nanoseconds / this.#iterations;
  }

  /** How much resident memory grows by `calls` calls, after as many to warm up: V8 finds the size of its heap in them. */
  async memoryGrowth(calls: number): Promise<number> {
    const [before, after] = [await this.#residentAfter(calls), await this.#residentAfter(calls)];
    return after - before;
  }

  /** What all rounds took so far, those of warming up included. */
  get measuredSeconds(): number {
    return this.#measuredNs * 1e-9;
  }

  close(): void {
    // Nothing in there is worth an orderly end, and some contenders do not end by themselves.
    this.#child.kill('SIGKILL');
  }

  async #residentAfter(calls: number): Promise<number> {
    await this.#ask({ kind: 'round', iterations: calls, inFlight: this.#inFlight });
    const answer = await this.#ask({ kind: 'memory' });
    return answer.kind === 'memory' ? answer.residentBytes : Number.NaN;
  }

  async #ask(order: Order): Promise<Answer> {
    const ended = new AbortController();
    try {
      this.#child.send(order);
      const answer = await Promise.race([
        once(this.#child, 'message', { signal: ended.signal }).then(([message]) => message as Answer),
        once(this.#child, 'exit', { signal: ended.signal }).then(([code, signal]): Answer => {
          return { kind: 'failed', stage: 'round', reason: `its process ended (${String(signal ?? code)})` };
        }),
      ]);
      if (answer.kind === 'failed') {
        throw new Unavailable(answer.stage === 'check' ? `wrong result: ${answer.reason}` : answer.reason);
      }
      return answer;
    } finally {
      ended.abort();
    }
  }
}
