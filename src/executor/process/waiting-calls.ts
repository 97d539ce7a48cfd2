import { type CallableMethod, rawCodec } from '../../codec/method-codec.ts';
import { acquireWriter, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { now } from '../../node/timers.ts';
import { CancellationWatch, type CancelReason } from '../cancellation-watch.ts';
import type { CallOptions, ExecutorPlugin } from '../executor.ts';

/** A call that waits for a process. Its arguments are encoded already: the caller may change them. */
interface WaitingCall {
  readonly method: CallableMethod;
  readonly options: CallOptions;
  readonly since: number;
  readonly watch: CancellationWatch;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The calls of one plugin that were made while no process was ready. */
export class WaitingCalls {
  /** Number of calls that were cancelled while they waited. */
  cancelled = 0;
  readonly #calls = new Set<WaitingCall>();

  get count(): number {
    return this.#calls.size;
  }

  /**
   * Adds a call.
   *
   * @param title its name in errors, such as `add() of calculator`.
   * @throws FidiusError if the arguments cannot be encoded.
   */
  add(title: string, method: CallableMethod, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const encoded = encodeNow(method, args);
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options;
      const watch = new CancellationWatch(signal, timeoutMs, (reason) => {
        this.#calls.delete(call);
        this.cancelled += 1;
        reject(cancelledError(title, reason, timeoutMs));
      });
      const call = { method: encoded, options, since: now(), watch, resolve, reject };
      this.#calls.add(call);
    });
  }

  /** Makes all waiting calls. */
  send(plugin: () => ExecutorPlugin): void {
    for (const { method, options, since, resolve, reject } of this.#take()) {
      const { timeoutMs } = options;
      const remaining = timeoutMs === undefined ? undefined : Math.max(1, timeoutMs - (now() - since));
      plugin()
        .call(method, [], { ...options, timeoutMs: remaining })
        .then(resolve, reject);
    }
  }

  /** Rejects all waiting calls. */
  reject(error: () => FidiusError): void {
    for (const { reject } of this.#take()) reject(error());
  }

  #take(): readonly WaitingCall[] {
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const { watch } of calls) watch.end();
    return calls;
  }
}

/** The method with its arguments: whatever is passed to it later, it writes the bytes that were encoded now. */
export function encodeNow({ index, codec }: CallableMethod, args: readonly unknown[]): CallableMethod {
  const writer = acquireWriter();
  try {
    writer.begin();
    codec.writeArguments(writer, args);
    const payload = new Uint8Array(writer.finish());
    return {
      index,
      codec: {
        wireRaw: codec.wireRaw,
        items: codec.items,
        scalarKinds: () => undefined,
        checkArguments: (given) => given,
        writeArguments: (later) => rawCodec.writeArguments(later, [payload]),
        readResult: (value) => codec.readResult(value),
        decodeResult: (bytes, isOwn, buffers) => codec.decodeResult(bytes, isOwn, buffers),
      },
    };
  } finally {
    releaseWriter(writer);
  }
}

/** The error of a call that was cancelled while it waited for its process. */
export function cancelledError(title: string, reason: CancelReason, timeoutMs: number | undefined): FidiusError {
  const where = ' before it was sent: its process was being started again';
  if (reason.by === 'signal') {
    return new FidiusError('FIDIUS_CALL_ABORTED', `${title} was aborted${where}`, { cause: reason.reason });
  }
  return new FidiusError('FIDIUS_CALL_TIMEOUT', `${title} timed out after ${timeoutMs} ms${where}`, {
    hint: 'Allow more time, or find out why the process has ended.',
  });
}
