import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { acquireWriter, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { writeUntypedArguments } from '../../codec/untyped-codec.ts';
import type { FidiusError } from '../../errors/fidius-error.ts';
import { clearTimeout, setTimeout } from '../../node/timers.ts';
import type { ServerMessage } from '../../protocol/conversation.ts';
import { type ErrorDescription, toCallError } from '../../protocol/error-description.ts';
import { frameType } from '../../protocol/frames.ts';
import { CancellationWatch, type CancelReason } from '../cancellation-watch.ts';
import type { PendingCall, ServerConnection } from './server-connection.ts';

/** How long a load that timed out waits for the report of its position, in milliseconds: Python may be busy in C code. */
const positionMs = 100;

/** A call of one of the server's own functions, such as loading. Sent immediately. */
export class ServerRequest implements PendingCall {
  /** The final result, also after a cancellation; `undefined` if the request has failed. Never rejected. */
  readonly outcome: Promise<unknown>;
  readonly #connection: ServerConnection;
  readonly #number: number;
  readonly #answer: Promise<unknown>;
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #cancel: ((error: FidiusError) => void) | undefined;
  #onPosition: ((position: unknown) => void) | undefined;

  constructor(connection: ServerConnection, method: number, args: readonly unknown[]) {
    this.#connection = connection;
    this.#answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.outcome = this.#answer.catch(() => undefined);
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
   * Waits for the result, unless the request is cancelled before; keeps the event loop alive meanwhile.
   *
   * @param explain creates the error of a cancellation. `position` is the report of the server on the load.
   */
  async result(
    signal: AbortSignal | undefined,
    timeoutMs: number,
    explain: (reason: CancelReason, position: unknown) => FidiusError,
  ): Promise<unknown> {
    this.#connection.ref();
    const cancellation = new CancellationWatch(signal, timeoutMs, (reason) => {
      if (reason.by === 'signal') this.cancel(explain(reason, undefined));
      else this.#cancelWithPosition((position) => explain(reason, position));
    });
    try {
      const cancelled = new Promise<never>((_, reject) => {
        this.#cancel = reject;
      });
      return await Promise.race([this.#answer, cancelled]);
    } finally {
      this.#cancel = undefined;
      cancellation.end();
      this.#connection.unref();
    }
  }

  /** Rejects {@link result} and asks the server to stop. */
  cancel(error: FidiusError): void {
    if (this.#cancel === undefined) return;
    this.#cancel(error);
    this.#connection.cancel(this.#number);
  }

  #cancelWithPosition(explain: (position: unknown) => FidiusError): void {
    this.#connection.cancel(this.#number);
    const cancel = (position?: unknown) => {
      clearTimeout(timer);
      this.#onPosition = undefined;
      this.#cancel?.(explain(position));
    };
    const timer = setTimeout(cancel, positionMs);
    this.#onPosition = cancel;
  }

  /** Waits for {@link outcome}, at most this long. Never rejects. */
  async ended(timeoutMs: number): Promise<unknown> {
    this.#connection.ref();
    let timer: NodeJS.Timeout | undefined;
    try {
      const timedOut = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), timeoutMs);
      });
      return await Promise.race([this.outcome, timedOut]);
    } finally {
      clearTimeout(timer);
      this.#connection.unref();
    }
  }

  received(message: ServerMessage): boolean {
    if (message.kind !== 'loadPosition') return false;
    this.#onPosition?.(decodeValue(message.payload));
    return true;
  }

  answered(type: number, payload: Uint8Array): void {
    // The request has timed out already: the order of the two frames must not decide.
    this.#onPosition?.(undefined);
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
    this.#onPosition?.(undefined);
    this.#reject(error);
  }
}
