import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { acquireWriter, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { writeUntypedArguments } from '../../codec/untyped-codec.ts';
import type { PayloadWriter } from '../../codec/value-writer.ts';
import type { PluginErrorData } from '../../errors/plugin-error.ts';
import { ffi } from '../../ffi/native.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { InternalPythonError } from '../api/exception.ts';
import type { Memory } from '../api/memory.ts';

/** The kind of a request and the status of a reply: the first byte of each. See `runtime/fidius_host/inline/gil_trampoline.py`. */
const [invoke, call, callRaw, release] = [0, 1, 2, 3];
const raised = 1;

const callHeadBytes = 7;

/** The method of a plugin that a request is for. */
export interface TrampolineTarget {
  /** Number under which `loading.py` keeps the plugin. */
  readonly number: number;
  readonly index: number;
  readonly wireRaw: boolean;
}

/** A larger reply does not stay in Python until this thread calls again. */
const keptReplyBytes = 64 * 1024;

/**
 * One C function that takes the lock, serves a request in Python, and gives the lock back.
 *
 * For worker threads, which can be terminated between any two steps of JavaScript: the lock must not be held there.
 */
export class GilTrampoline {
  readonly #memory: Memory;
  readonly #enter: Enter;
  /** Address and size of a reply. */
  readonly #reply = new PinnedMemory(16);

  constructor(memory: Memory, address: number) {
    this.#memory = memory;
    this.#enter = ffi.functionAt(address, 'int', ['memory', 'size', 'address']) as Enter;
  }

  /** Calls a function of `host_api.py` by its name. @throws {@link InternalPythonError} when it raises. */
  invoke(name: string, args: readonly unknown[]): unknown {
    const head = Uint8Array.of(invoke);
    return decodeValue(this.#serve(head, (writer) => writeUntypedArguments(writer, [name, ...args])));
  }

  /** Calls a method of a plugin. @returns the payload of its result. @throws {@link InternalPythonError} with what it raised. */
  call({ number, index, wireRaw }: TrampolineTarget, write: (writer: PayloadWriter) => void): Uint8Array {
    return this.#serve(callHead(wireRaw ? callRaw : call, number, index), write);
  }

  #serve(head: Uint8Array, write: (writer: PayloadWriter) => void): Uint8Array {
    const writer = acquireWriter();
    try {
      writer.begin();
      write(writer);
      return this.#pass(Buffer.concat([head, writer.finish()]));
    } finally {
      releaseWriter(writer);
    }
  }

  /** @returns the reply without its first byte, in separate memory. */
  #pass(request: Uint8Array): Uint8Array {
    this.#enter(request, request.length, this.#reply.address);
    const [address = 0n, size = 0n] = new BigUint64Array(this.#reply.buffer, 0, 2);
    const reply = this.#memory.copyOf(Number(address), Number(size));
    if (reply.length > keptReplyBytes) this.#enter(Uint8Array.of(release), 1, this.#reply.address);
    if (reply[0] === raised) throw new InternalPythonError(decodeValue(reply.subarray(1)) as PluginErrorData);
    return reply.subarray(1);
  }
}

function callHead(kind: number, plugin: number, index: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(callHeadBytes));
  head.setUint8(0, kind);
  head.setUint32(1, plugin, true);
  head.setUint16(5, index, true);
  return new Uint8Array(head.buffer);
}

type Enter = (request: Uint8Array, bytes: number, reply: number) => number;
