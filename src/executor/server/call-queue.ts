import { FidiusError } from '../../errors/fidius-error.ts';

/**
 * Calls of one plugin that the server may have at a time. Enough that it never runs dry between two turns of the event
 * loop, and few enough that a call of another plugin, which comes behind them, does not wait long: they are short, or
 * the server sets them aside.
 */
const windowCalls = 256;

/** A call as its queue sees it. */
export interface QueuedCall {
  /** The encoded arguments while the call waits. */
  payload: Uint8Array | undefined;
  /** Hands the call to the server. `payload` is good until this returns. */
  send(payload: Uint8Array): void;
  /** How errors name it, such as `add() of calculator`. */
  readonly title: string;
}

/** The calls of one plugin, in the order in which they were made: those that were sent, and those that wait here. */
export class CallQueue {
  readonly #maxQueued: number;
  /** What waits, from {@link #head} on; given-up calls stay until they come up, without their payload. */
  #queue: QueuedCall[] = [];
  #head = 0;
  /** Calls at the server. */
  sent = 0;
  /** Calls that wait. */
  queued = 0;

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued;
  }

  /**
   * Sends a call, or lets it wait for its turn. `payload` is copied.
   *
   * @throws FidiusError `FIDIUS_QUEUE_FULL`.
   */
  submit(call: QueuedCall, payload: Uint8Array): void {
    if (this.sent < windowCalls) {
      this.#send(call, payload);
      return;
    }
    if (this.queued >= this.#maxQueued) throw this.#full(call);
    this.queued += 1;
    // Not slice(): that of a Buffer does not copy.
    call.payload = new Uint8Array(payload);
    this.#queue.push(call);
  }

  /** A call that waited was given up. */
  forget(call: QueuedCall): void {
    this.queued -= 1;
    call.payload = undefined;
  }

  /** The server has answered a call: the next one may go. */
  answered(): void {
    this.sent -= 1;
    if (this.#queue.length === 0) return;
    while (this.#head < this.#queue.length) {
      const next = this.#queue[this.#head] as QueuedCall;
      this.#head += 1;
      if (next.payload === undefined) continue;
      const { payload } = next;
      next.payload = undefined;
      this.queued -= 1;
      this.#send(next, payload);
      break;
    }
    // Rarely, because it copies; but what was taken out must not stay for ever.
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Calls that wait, oldest first. */
  waiting(): QueuedCall[] {
    return this.#queue.slice(this.#head).filter((call) => call.payload !== undefined);
  }

  #send(call: QueuedCall, payload: Uint8Array): void {
    this.sent += 1;
    call.send(payload);
  }

  #full(call: QueuedCall): FidiusError {
    return new FidiusError(
      'FIDIUS_QUEUE_FULL',
      `Cannot call ${call.title}: ${this.queued} calls of this plugin are waiting, which is the limit`,
      { hint: 'Make calls only as fast as they are answered, or load the plugin with a larger `maxQueued`.' },
    );
  }
}
