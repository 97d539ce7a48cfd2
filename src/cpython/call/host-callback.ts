import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { encodeValue } from '../../codec/pickle/encode-value.ts';
import { describeThrown } from '../../errors/describe-thrown.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { formatHash } from '../../errors/load-error.ts';
import { ffi } from '../../ffi/native.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { readUint32 } from '../../protocol/frames.ts';
import type { ProvidedFunctions } from '../../protocol/host-functions.ts';
import type { Interpreter } from '../interpreter.ts';

/** A plugin that runs on this thread, and the functions of the host that it may call. */
export interface RunningPlugin {
  readonly name: string;
  readonly functions: ProvidedFunctions | undefined;
  /** What host functions threw during its call, by the numbers of their calls. */
  readonly thrown: Map<number, unknown>;
}

/** Calls of plugins by host functions that call plugins: more than this is a recursion that does not end. */
const deepest = 32;

const replyBytes = 16_384;

/** Kinds of requests, and bytes of their heads: see `runtime/fidius_host/inline/host_functions.py`. */
const declare = 1;
const headBytes = 7;

type Declaration = readonly [name: string, version: number, hash: number | bigint];

/**
 * Host functions for the plugins that run on this thread: C calls back into JavaScript, while Python's lock is held.
 *
 * One per interpreter and JavaScript thread. Created by the first plugin that may call host functions.
 */
export class HostCallback {
  readonly #interpreter: Interpreter;
  /** The plugins that run on this thread, the innermost last. */
  readonly #running: RunningPlugin[] = [];
  /** Python has copied a reply before it makes another call. */
  readonly #reply = new PinnedMemory(replyBytes);
  #largeReply: PinnedMemory | undefined;
  readonly #replyPlace = new BigUint64Array(2);
  /** What packages have declared, by the numbers that Python uses for it. */
  readonly #declarations: Declaration[] = [];
  #lastNumber = 0;

  private constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    const address = ffi.callback('int', ['address', 'size', 'address'], (request, size, reply) =>
      this.#serve(request as number, size as number, reply as number),
    );
    interpreter.invoke('host_functions.connect', address);
  }

  static of(interpreter: Interpreter): HostCallback {
    let callback = callbacks.get(interpreter);
    if (callback === undefined) {
      callback = new HostCallback(interpreter);
      callbacks.set(interpreter, callback);
    }
    return callback;
  }

  /** The one of this interpreter, if a plugin is calling a host function: other plugins must not be taken for that one. */
  static active(interpreter: Interpreter): HostCallback | undefined {
    const callback = callbacks.get(interpreter);
    return callback !== undefined && callback.#running.length > 0 ? callback : undefined;
  }

  /** Runs code of a plugin. */
  run<T>(plugin: RunningPlugin, body: () => T): T {
    this.#running.push(plugin);
    try {
      return body();
    } finally {
      this.#running.pop();
    }
  }

  /** Never throws: there is no JavaScript that could catch it. */
  #serve(request: number, size: number, reply: number): number {
    const { memory } = this.#interpreter;
    const plugin = this.#running.at(-1);
    let payload: Uint8Array;
    let failed = 0;
    try {
      payload = this.#answer(plugin, memory.copyOf(request, size));
    } catch (thrown) {
      failed = 1;
      this.#lastNumber += 1;
      plugin?.thrown.set(this.#lastNumber, thrown);
      payload = encodeValue({ ...describeThrown(thrown), number: this.#lastNumber });
    }
    this.#largeReply = payload.length > replyBytes ? new PinnedMemory(payload.length) : undefined;
    const { bytes, address } = this.#largeReply ?? this.#reply;
    bytes.set(payload);
    this.#replyPlace[0] = BigInt(address);
    this.#replyPlace[1] = BigInt(payload.length);
    memory.store(reply, this.#replyPlace);
    return failed;
  }

  #answer(plugin: RunningPlugin | undefined, request: Uint8Array): Uint8Array {
    const values = request.subarray(headBytes);
    if (request[0] === declare) return encodeValue(this.#declarations.push(decodeValue(values) as Declaration) - 1);
    const index = (request[5] as number) | ((request[6] as number) << 8);
    return this.#call(plugin, this.#declarations[readUint32(request, 1)] as Declaration, index, values);
  }

  #call(
    plugin: RunningPlugin | undefined,
    [name, version, hash]: Declaration,
    index: number,
    args: Uint8Array,
  ): Uint8Array {
    const position = plugin?.functions?.interfaces.findIndex((each) => each.name === name) ?? -1;
    const provided = plugin?.functions?.interfaces[position];
    if (plugin?.functions === undefined || provided === undefined) {
      throw new FidiusError(
        'FIDIUS_HOST_FUNCTIONS_ABSENT',
        `the host does not provide the functions of ${name} to this plugin`,
      );
    }
    if (provided.version !== version || provided.hash !== BigInt(hash)) {
      const host = `version ${provided.version} with the hash ${formatHash(provided.hash)}`;
      const own = `version ${version} with the hash ${formatHash(BigInt(hash))}`;
      throw new FidiusError(
        'FIDIUS_HOST_INTERFACE_MISMATCH',
        `the host provides ${name} in ${host}, the plugin was written for ${own}`,
      );
    }
    if (this.#running.length > deepest) {
      throw new FidiusError(
        'FIDIUS_CALL_REENTRANT',
        `Host functions and plugins call each other ${this.#running.length} levels deep, ${deepest} are allowed`,
        { hint: 'Look for a host function that calls the plugin which calls it.' },
      );
    }
    const result = plugin.functions.call(position, index, args, new SyncCall(plugin.name));
    if (result instanceof Uint8Array) return result;
    // Its failure has no other reader.
    result.catch(() => {});
    throw new FidiusError(
      'FIDIUS_CALL_SYNC',
      `Function ${index} of ${name} is asynchronous, and the plugin was called on the thread that it needs`,
      {
        hint: 'Call the plugin through `client` with the executor "thread" or "process", or provide a function that returns its value.',
      },
    );
  }
}

/** A call that cannot be cancelled while its function runs. */
class SyncCall {
  readonly plugin: string;
  #signal: AbortSignal | undefined;

  constructor(plugin: string) {
    this.plugin = plugin;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}

const callbacks = new WeakMap<Interpreter, HostCallback>();
