import type { CallableMethod } from '../codec/method-codec.ts';
import type { PythonPluginHandle } from '../cpython/call/python-plugin-handle.ts';
import { callChannel, traceHere } from './call-channel.ts';
import type { SyncCallOptions, SyncCalls } from './executor.ts';

/** Calls a plugin on this thread, publishes the events of calls and delivers the output that they produced. */
export class HandleCalls implements SyncCalls {
  readonly #handle: PythonPluginHandle;
  readonly #drain: (() => void) | undefined;

  /** @param drain delivers the output of a call. */
  constructor(handle: PythonPluginHandle, drain?: () => void) {
    this.#handle = handle;
    this.#drain = drain;
  }

  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncCallOptions): unknown {
    if (this.#drain === undefined && !callChannel.hasSubscribers) return this.#handle.callSync(method, args, options);
    return this.#observed(method, args, options);
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
    return traceHere({ ...subject, requestBytes: bytesOf(args[0]) }, call, bytesOf);
  }
}
