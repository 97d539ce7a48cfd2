import { decodeValue } from '../codec/pickle/decode-value.ts';
import { acquireWriter, releaseWriter } from '../codec/pickle/writer-pool.ts';
import { writeUntypedArguments } from '../codec/untyped-codec.ts';
import { type ErrorDescription, toCallError } from '../cpython/call/error-description.ts';
import type { FidiusError } from '../errors/fidius-error.ts';
import { clearTimeout, setTimeout } from '../node/timers.ts';
import { type GivenUp, Patience } from './patience.ts';
import { frameType } from './protocol.ts';
import type { ServerConnection, Waiting } from './server-connection.ts';

/** How long a call whose time is over waits to be told where it stood, in milliseconds: Python may be busy in C code. */
const placeMs = 100;

/** A call of one of the server's own functions, such as loading. Sent at once. */
export class ServerCall implements Waiting {
  /** What the server answered in the end, also when nobody waited any longer; `undefined` when nothing came of it. */
  readonly late: Promise<unknown>;
  readonly #connection: ServerConnection;
  readonly #number: number;
  readonly #answer: Promise<unknown>;
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #giveUp: ((error: FidiusError) => void) | undefined;
  #placed: ((place: unknown) => void) | undefined;

  constructor(connection: ServerConnection, method: number, args: readonly unknown[]) {
    this.#connection = connection;
    this.#answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.late = this.#answer.catch(() => undefined);
    const writer = acquireWriter();
    try {
      writer.begin();
      writeUntypedArguments(writer, args);
      this.#number = connection.call(this, 0, method, 0, writer.finish());
    } finally {
      releaseWriter(writer);
    }
  }

  /**
   * The answer, unless it is given up before; keeps the event loop alive meanwhile.
   *
   * @param explain makes the error of giving up. `place` is what the server told of where the call stood.
   */
  async result(
    signal: AbortSignal | undefined,
    timeoutMs: number,
    explain: (why: GivenUp, place: unknown) => FidiusError,
  ): Promise<unknown> {
    this.#connection.hold();
    const patience = new Patience(signal, timeoutMs, (why) => {
      if (why.by === 'signal') this.giveUp(explain(why, undefined));
      else this.#giveUpWithPlace((place) => explain(why, place));
    });
    try {
      const givenUp = new Promise<never>((_, reject) => {
        this.#giveUp = reject;
      });
      return await Promise.race([this.#answer, givenUp]);
    } finally {
      this.#giveUp = undefined;
      patience.end();
      this.#connection.letGo();
    }
  }

  /** Has `result()` reject, and the server stop. */
  giveUp(error: FidiusError): void {
    if (this.#giveUp === undefined) return;
    this.#giveUp(error);
    this.#connection.cancel(this.#number);
  }

  #giveUpWithPlace(explain: (place: unknown) => FidiusError): void {
    this.#connection.cancel(this.#number);
    const giveUp = (place: unknown) => {
      clearTimeout(timer);
      this.#placed = undefined;
      this.#giveUp?.(explain(place));
    };
    const timer = setTimeout(giveUp, placeMs);
    this.#placed = giveUp;
  }

  placed(place: unknown): void {
    this.#placed?.(place);
  }

  /** Waits for the answer, whatever it is, but no longer than that. @returns it, or `undefined`. Never rejects. */
  async ended(timeoutMs: number): Promise<unknown> {
    this.#connection.hold();
    let timer: NodeJS.Timeout | undefined;
    try {
      const over = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), timeoutMs);
      });
      return await Promise.race([this.late, over]);
    } finally {
      clearTimeout(timer);
      this.#connection.letGo();
    }
  }

  answered(type: number, payload: Uint8Array): void {
    // The time was over before: which of the two frames is faster must not decide.
    this.#placed?.(undefined);
    try {
      if (type === frameType.raised) {
        throw toCallError(decodeValue(payload) as ErrorDescription, 'the call server', 'load');
      }
      this.#resolve(type === frameType.returned ? decodeValue(payload) : undefined);
    } catch (error) {
      this.#reject(error);
    }
  }

  lost(error: FidiusError): void {
    this.#placed?.(undefined);
    this.#reject(error);
  }
}
