import { FidiusError } from '../errors/fidius-error.ts';

/**
 * The frames between a host and its call server: the counterpart of `runtime/fidius_host/transport/protocol.py`.
 *
 * Two stream sockets connect them. Everything but cancellation is sent over the *data channel*. The *control channel* is
 * only read by the server, and separate so that a call can be cancelled while the thread that reads the data channel runs it.
 *
 * A frame is a header of 16 bytes, little-endian, and a payload:
 *
 * | bytes | content |
 * |---|---|
 * | 0–3 | bytes of payload, at most {@link maxPayloadBytes} |
 * | 4 | one of {@link frameType} |
 * | 5 | {@link frameFlag}, combined |
 * | 6–7 | method: index in the interface. In `handshake`: {@link protocolVersion}. In `hostCall`: index of the host function. In `item` from the server: how the payload contains the items |
 * | 8–11 | call: number that the host assigns and all frames of the call repeat; 0 in frames that belong to no call |
 * | 12–15 | plugin: number that loading returned. In an answer to a `timed` call: microseconds that it ran. In `item` and `credit`: number of items. In `hostCall` and `hostResult`: number of the host call |
 *
 * Values in payloads are pickles of the value codec. A `call` carries its arguments as one tuple, a raw one bare bytes.
 * With `byReference` the payload is two 64-bit integers instead: address and size of the payload in memory that both sides
 * can access. A block for the server was allocated by `PyMem_RawMalloc`, and the server frees it; a block from the server is
 * kept until the host has sent `release`.
 *
 * A call is a *conversation*: it begins with `call` and ends with exactly one of {@link isFinalFrame}, unless the connection
 * ends. The frames in between are those of `conversation.ts`. Plugin 0 is the server itself; its methods are those of
 * {@link serverMethod}.
 *
 * The header and the type of `handshake` and `failed` are the same in all versions, so that a mismatch can be reported.
 */
export const protocolVersion = 2;

export const headerBytes = 16;
export const maxPayloadBytes = 0x4000_0000;
export const referenceBytes = 16;

export const frameType = {
  // host to server, data channel
  /** The first frame: version of the protocol and settings of the server. */
  handshake: 1,
  call: 2,
  /** The host has copied the payload of an answer that was sent by reference. */
  release: 3,
  /** Within a call: result of a host function. */
  hostResult: 4,

  // host to server, control channel; without payload
  /** The caller has cancelled the call; it is still answered. */
  cancel: 8,
  shutdown: 9,

  // within a call, both directions
  /** Items of a stream: of the argument if the host sends them, of the result if the server does. */
  item: 12,
  /** The receiver of a stream accepts more items. */
  credit: 13,
  /** From the host: end of the argument stream. From the server: no more items of the argument stream are needed. */
  end: 14,

  // server to host
  /** Answers `handshake`: facts about the server. */
  ready: 16,
  /** Final: the result of the method. */
  returned: 17,
  /** Final: description of the exception that the method raised, or of the reason why its result cannot be encoded. */
  raised: 18,
  /** Final: the call was cancelled while it ran, and has stopped. */
  stopped: 19,
  /** Final: the call was cancelled, or its plugin unloaded, before it began. */
  skipped: 20,
  /** Within a call: the plugin calls a host function. */
  hostCall: 21,
  /** Within a call: a report on its progress. */
  progress: 22,
  /** Number of threads, and how many of them are stuck. */
  pool: 24,
  /** Lines that plugins printed or logged. */
  output: 25,
  /** A plugin changed something that belongs to the whole process. */
  processChange: 26,
  /** The server cannot continue; the payload contains the reason. It is the last frame. */
  failed: 27,
  /** Within a load that was cancelled: the code that Python runs for it. */
  loadPosition: 28,
} as const;

/** Receives or sends one frame. @param value bytes 12 to 15 of the header. */
export type FrameFunction = (
  type: number,
  flags: number,
  method: number,
  call: number,
  value: number,
  payload: Uint8Array,
) => void;

/** Whether a frame is the last one of its call. */
export function isFinalFrame(type: number): boolean {
  return type >= frameType.returned && type <= frameType.skipped;
}

/** The name of a frame type for errors, such as `"item"`; the number of an unknown type. */
export function frameName(type: number): string {
  const [name] = Object.entries(frameType).find(([, number]) => number === type) ?? [];
  return name === undefined ? `of type ${type}` : `"${name}"`;
}

/**
 * `isError`, in `hostResult` and `end`: the payload is the description of an error. `traced`, in `call`: the arguments follow a
 * trace context after its length in two bytes: `traceparent`, a line break, `tracestate`.
 */
export const frameFlag = { raw: 1, timed: 2, byReference: 4, isError: 8, traced: 16 } as const;

/** Methods of plugin 0. */
export const serverMethod = { load: 0, unload: 1, endCapture: 2, endSyncCalls: 3 } as const;

/** Writes a header; `at` to `at + headerBytes` must lie within the buffer. */
export function writeHeader(
  buffer: Uint8Array,
  at: number,
  type: number,
  flags: number,
  method: number,
  call: number,
  plugin: number,
  payloadBytes: number,
): void {
  writeUint32(buffer, at, payloadBytes);
  buffer[at + 4] = type;
  buffer[at + 5] = flags;
  buffer[at + 6] = method;
  buffer[at + 7] = method >> 8;
  writeUint32(buffer, at + 8, call);
  writeUint32(buffer, at + 12, plugin);
}

export function readUint32(buffer: Uint8Array, at: number): number {
  return (
    ((buffer[at] as number) |
      ((buffer[at + 1] as number) << 8) |
      ((buffer[at + 2] as number) << 16) |
      ((buffer[at + 3] as number) << 24)) >>>
    0
  );
}

function writeUint32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

/** The error for a frame that is invalid or unexpected. The connection cannot be used any more. */
export function protocolViolation(message: string): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', message, {
    hint: 'Open a new host. If it happens again, report this error with the names and versions of the plugins.',
  });
}
