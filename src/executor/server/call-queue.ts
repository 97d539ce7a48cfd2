import { FidiusError } from '../../errors/fidius-error.ts';

/**
 * Maximum number of calls of one plugin that are sent and not answered. Enough to keep the server busy between two turns of
 * the event loop, and few enough that a call of another plugin, which is read after them, does not wait long: they are
 * short, or the server lets another thread read on.
 */
const windowCalls = 256;

/** A call in a queue. */
export interface QueuedCall {
  /** The encoded arguments while the call waits. */
  payload: Uint8Array | undefined;
  /** Sends the call to the server. `payload` is valid until this returns. */
  send(payload: Uint8Array): void;
  /** Its name in errors, such as `add() of calculator`. */
  readonly title: string;
}

/** The calls of one plugin in their order: those that were sent, and those that wait here. */
export class CallQueue {
  readonly #maxQueued: number;
  /** The waiting calls, from {@link #head} on. A cancelled call stays until its turn, without its payload. */
  #queue: QueuedCall[] = [];
  #head = 0;
  /** Number of calls that were sent and not answered. */
  sent = 0;
  /** Number of waiting calls. */
  queued = 0;

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued;
  }

  /**
   * Sends a call, or adds it to the waiting ones. `payload` is copied.
   *
   * @param atOnce sends it however many were sent.
   * @throws FidiusError `FIDIUS_QUEUE_FULL`.
   */
  submit(call: QueuedCall, payload: Uint8Array, atOnce = false): void {
    if (this.sent < windowCalls || atOnce) {
      this.#send(call, payload);
      return;
    }
    if (this.queued >= this.#maxQueued) throw this.#full(call);
    this.queued += 1;
    // Not slice(): that of a Buffer does not copy.
    call.payload = new Uint8Array(payload);
    this.#queue.push(call);
  }

  /** A waiting call was cancelled. */
  remove(call: QueuedCall): void {
    this.queued -= 1;
    call.payload = undefined;
  }

  /** The server has answered a call: the next one is sent. */
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
    // Rarely, because it copies. Calls that were sent must not stay in memory.
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The waiting calls, oldest first. */
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
