import type { ItemCodec } from '../../codec/method-codec.ts';
import { clearTimeout, now, setTimeout } from '../../node/timers.ts';
import type { HostMessage } from '../../protocol/conversation.ts';
import { readItems } from '../../protocol/stream-items.ts';
import type { StreamReader } from '../result-stream.ts';

/** Number of items that Python may produce before they are taken. */
const firstWindow = 4;
/** That number for small items that follow each other faster than they are taken. */
const largestWindow = 256;
/** By which factor it grows. */
const growth = 4;
const smallBytes = 4096;
/** A consumer that takes longer for an item, in milliseconds, is not waiting for the next one. */
const slowMs = 5;
/** How long the end of a stream waits for the `finally` blocks of the generator, in milliseconds. */
const closeMs = 1000;

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const done: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/** What the items need from their call. */
export interface ItemsOwner {
  /** Sends a message of the call. */
  send(message: HostMessage): void;
  /** Cancels the call, because nothing reads its items any more. */
  cancel(): void;
  /** Keeps the event loop alive; called in turns with {@link release}. */
  hold(): void;
  release(): void;
}

/** The items of one result stream: those that have arrived, and those that Python may still produce. */
export class ResultItems implements StreamReader {
  readonly #codec: ItemCodec;
  readonly #isStrict: boolean;
  #window: number;
  #owner: ItemsOwner | undefined;
  /** Items that have arrived, from {@link #at} on. */
  #items: unknown[] = [];
  #at = 0;
  #arrived = 0;
  #taken = 0;
  #granted = 0;
  /** Number of items that were taken when the window was changed. */
  #changedAt = 0;
  #takenAt = 0;
  readonly #waiters: Waiter[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #isHeld = true;
  readonly #answered: Promise<void>;
  #onAnswered: () => void = () => {};

  /** @param window the number of items that may be produced ahead; `undefined`: it adapts to the stream. */
  constructor(codec: ItemCodec, window: number | undefined) {
    this.#codec = codec;
    this.#isStrict = window !== undefined;
    this.#window = window ?? firstWindow;
    this.#answered = new Promise((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#at < this.#items.length) return Promise.resolve({ done: false, value: this.#take() });
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      this.#ended = true;
      return Promise.reject(failure.error as Error);
    }
    if (this.#ended) return Promise.resolve(done);
    this.#hold(true);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async return(): Promise<void> {
    const wasRunning = !this.#ended && this.#failure === undefined;
    this.discard();
    this.#failure = undefined;
    this.end();
    if (!wasRunning) return;
    this.#owner?.cancel();
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeMs);
    });
    await Promise.race([this.#answered, timedOut]);
    clearTimeout(timer);
  }

  abandon(): void {
    void this.return();
  }

  /** The call was sent. */
  started(owner: ItemsOwner): void {
    this.#owner = owner;
    this.#grant();
  }

  /**
   * Takes a frame of items.
   *
   * @throws FidiusError for an item that cannot be converted, after those before it were taken; `FIDIUS_WIRE_CORRUPT`.
   */
  received(form: number, count: number, payload: Uint8Array): void {
    if (this.#ended) return;
    const isFast = count > 1 && payload.length < count * smallBytes;
    if (!this.#isStrict && isFast && this.#waiters.length > 0 && this.#taken - this.#changedAt >= this.#window) {
      this.#window = Math.min(this.#window * growth, largestWindow);
      this.#changedAt = this.#taken;
    }
    try {
      readItems(form, count, payload, this.#arrived, (item) => {
        this.#items.push(this.#codec.read(item, this.#arrived));
        this.#arrived += 1;
      });
    } finally {
      while (this.#waiters.length > 0 && this.#at < this.#items.length) {
        this.#waiters.shift()?.resolve({ done: false, value: this.#take() });
      }
      if (this.#waiters.length === 0) this.#hold(false);
    }
  }

  /** Forgets the items that were not taken. */
  discard(): void {
    this.#items = [];
    this.#at = 0;
  }

  /** There are no more items. */
  end(): void {
    this.#ended = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve(done);
  }

  /** The stream has failed. The error follows the items that have arrived. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const [first, ...others] = this.#waiters.splice(0);
    if (first === undefined) {
      this.#failure = { error };
      return;
    }
    this.#ended = true;
    first.reject(error);
    for (const { resolve } of others) resolve(done);
  }

  /** The server has answered the call: Python is done. The event loop is kept alive as before the first item. */
  answered(): void {
    this.#onAnswered();
  }

  /** Keeps the event loop alive again, because the end of the call ends that. */
  beforeSettling(): void {
    this.#hold(true);
    this.#owner = undefined;
  }

  #take(): unknown {
    const item = this.#items[this.#at];
    this.#at += 1;
    this.#taken += 1;
    if (this.#at === this.#items.length) this.discard();
    const time = now();
    if (!this.#isStrict && this.#window > firstWindow && this.#takenAt !== 0 && time - this.#takenAt > slowMs) {
      this.#window = firstWindow;
      this.#changedAt = this.#taken;
    }
    this.#takenAt = time;
    this.#grant();
    return item;
  }

  /** Lets Python produce more, when half of the window has been taken. */
  #grant(): void {
    const ahead = this.#granted - this.#taken;
    if (this.#owner === undefined || this.#ended || ahead * 2 > this.#window) return;
    this.#granted += this.#window - ahead;
    this.#owner.send({ kind: 'credit', items: this.#window - ahead });
  }

  /** A stream whose items are not awaited does not keep the event loop alive. */
  #hold(held: boolean): void {
    if (this.#isHeld === held || this.#owner === undefined) return;
    this.#isHeld = held;
    if (held) this.#owner.hold();
    else this.#owner.release();
  }
}
