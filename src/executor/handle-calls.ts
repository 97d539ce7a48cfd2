import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import type { CallableMethod } from '../codec/method-codec.ts';
import { callChannel, traceSync } from './call-events.ts';
import type { StreamOptions, SyncCallOptions, SyncCalls } from './executor.ts';

/** A plugin that can be called on this thread: a `PythonPluginHandle`, as far as an executor needs it. */
export interface SyncHandle {
  readonly name: string;
  readonly descriptor: InterfaceDescriptor;
  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncCallOptions): unknown;
  /** @param afterStep is called when code of the plugin has run. */
  streamSync(
    method: CallableMethod,
    args: readonly unknown[],
    options?: SyncCallOptions & Pick<StreamOptions, 'window'>,
    afterStep?: () => void,
  ): IterableIterator<unknown>;
  /** Rejects all further calls. The plugin itself remains loaded. */
  forget(): void;
}

/** Calls a plugin on this thread, publishes the events of calls and delivers the output that they produced. */
export class HandleCalls implements SyncCalls {
  readonly #handle: SyncHandle;
  readonly #drain: (() => void) | undefined;

  /** @param drain delivers the output of a call. */
  constructor(handle: SyncHandle, drain?: () => void) {
    this.#handle = handle;
    this.#drain = drain;
  }

  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncCallOptions): unknown {
    if (this.#drain === undefined && !callChannel.hasSubscribers) return this.#handle.callSync(method, args, options);
    return this.#observed(method, args, options);
  }

  streamSync(
    method: CallableMethod,
    args: readonly unknown[],
    options?: SyncCallOptions & Pick<StreamOptions, 'window'>,
  ): IterableIterator<unknown, undefined> {
    return this.#handle.streamSync(method, args, options, this.#drain) as IterableIterator<unknown, undefined>;
  }

  /** Delivers the output of the steps of a stream. */
  drain(): void {
    this.#drain?.();
  }

  /** Makes a call with its events and its output. */
  observe(method: CallableMethod, args: readonly unknown[], call: () => unknown): unknown {
    try {
      return callChannel.hasSubscribers ? this.#trace(method, args, call) : call();
    } finally {
      this.#drain?.();
    }
  }

  // On its own, because a function with a closure in it allocates memory for the closure's variables with each call.
  #observed(method: CallableMethod, args: readonly unknown[], options: SyncCallOptions | undefined): unknown {
    return this.observe(method, args, () => this.#handle.callSync(method, args, options));
  }

  #trace({ index, codec }: CallableMethod, args: readonly unknown[], call: () => unknown): unknown {
    const { name: plugin, descriptor } = this.#handle;
    const method = descriptor.methods[index]?.name ?? String(index);
    // Many other values are passed without encoding.
    const bytesOf = (value: unknown) => (codec.wireRaw ? (value as Partial<ArrayBufferView>)?.byteLength : undefined);
    const subject = { executor: 'inline', plugin, interface: descriptor.interfaceName, method, index } as const;
    return traceSync({ ...subject, requestBytes: bytesOf(args[0]) }, call, bytesOf);
  }
}
