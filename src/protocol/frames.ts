/**
 * The frames between a host and its call server: the twin of `runtime/fidius_host/transport/protocol.py`.
 *
 * Two stream sockets connect them. Everything but cancelling goes over the *data channel*. The *control channel* only
 * leads to the server, and stands apart so that a call can be cancelled while the thread that reads the data channel runs it.
 *
 * A frame is a header of 16 bytes, little-endian, and a payload:
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | bytes of payload, at most {@link maxPayloadBytes} |
 * | 4 | one of {@link frameType} |
 * | 5 | {@link frameFlag}, or-ed |
 * | 6–7 | method: index in the interface. In `handshake`: {@link protocolVersion} |
 * | 8–11 | call: number that the host gives and the answer repeats; 0 where there is none |
 * | 12–15 | plugin: number that loading gave. In an answer to a `timed` call: microseconds that it ran |
 *
 * Values in payloads are pickles of the value codec. A `call` carries its arguments as one tuple, a raw one bare bytes.
 * With `byReference` the payload is two 64-bit integers instead, address and size of the real one in memory that both
 * sides can reach. A block that goes to the server was taken from `PyMem_RawMalloc` and becomes the server's; one that
 * comes from it is kept until the host has sent `release`.
 *
 * A call is answered exactly once, whatever happens to it, unless the connection ends. Plugin 0 is the server itself;
 * its methods are those of {@link serverMethod}.
 */
export const protocolVersion = 1;

export const headerBytes = 16;
export const maxPayloadBytes = 0x4000_0000;
export const referenceBytes = 16;

export const frameType = {
  // host to server, data channel
  /** The first frame: settings of the server. */
  handshake: 1,
  call: 2,
  /** The host has copied the payload of an answer that came by reference. */
  release: 3,

  // host to server, control channel; without payload
  /** The caller has given up; the call is still answered. */
  cancel: 8,
  shutdown: 9,

  // server to host
  /** Answers `handshake`: facts about the server. */
  ready: 16,
  /** Answer: what the method returned. */
  returned: 17,
  /** Answer: the description of what it raised, or of why its result cannot cross. */
  raised: 18,
  /** Answer: the call was cancelled while it ran, and did stop. */
  stopped: 19,
  /** Answer: the call was cancelled, or its plugin unloaded, before it began. */
  skipped: 20,
  /** How many threads there are, and how many of them are stuck. */
  pool: 24,
  /** Lines that plugins printed or logged. */
  output: 25,
  /** A plugin changed something that belongs to the whole process. */
  processChange: 26,
  /** The server gives up; text that says why. Nothing follows. */
  failed: 27,
  /** Where a load stands that was cancelled: the code that Python runs for it. Comes before the answer of the call. */
  loadPosition: 28,
} as const;

export const frameFlag = { raw: 1, timed: 2, byReference: 4 } as const;

/** Methods of plugin 0. */
export const serverMethod = { load: 0, unload: 1, endCapture: 2, endSyncCalls: 3 } as const;

/** The fields of a header that a reader of answers needs. */
export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly microseconds: number;
}

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
