import { type FrameFunction, frameFlag, frameName, frameType, protocolViolation } from './frames.ts';

/** What a server sends within a call, before its final frame. The counterpart of `runtime/fidius_host/transport/conversation.py`. */
export type ServerMessage =
  /** Items of the result stream; `form` is one of `itemForm`. */
  | { readonly kind: 'items'; readonly form: number; readonly count: number; readonly payload: Uint8Array }
  /** The plugin accepts more items of the argument stream. */
  | { readonly kind: 'credit'; readonly items: number }
  /** The plugin needs no more items of the argument stream. */
  | { readonly kind: 'end' }
  | { readonly kind: 'hostCall'; readonly number: number; readonly function: number; readonly payload: Uint8Array }
  | { readonly kind: 'progress'; readonly payload: Uint8Array }
  | { readonly kind: 'loadPosition'; readonly payload: Uint8Array };

/** What a host sends within a call. */
export type HostMessage =
  /** Items of the argument stream, as one tuple. */
  | { readonly kind: 'items'; readonly count: number; readonly payload: Uint8Array }
  /** The host accepts more items of the result stream. */
  | { readonly kind: 'credit'; readonly items: number }
  /** With a payload, reading the argument stream failed; the payload describes the error. */
  | { readonly kind: 'end'; readonly error?: Uint8Array | undefined }
  | { readonly kind: 'hostResult'; readonly number: number; readonly raised: boolean; readonly payload: Uint8Array };

const noBytes = new Uint8Array(0);

const { item, credit, end, hostCall, progress, loadPosition } = frameType;
const serverMessages: ReadonlySet<number> = new Set([item, credit, end, hostCall, progress, loadPosition]);

/** Whether a server sends frames of this type within a call. */
export function isServerMessage(type: number): boolean {
  return serverMessages.has(type);
}

/**
 * Reads a frame within a call.
 *
 * @param type a type for which {@link isServerMessage} holds.
 * @param value bytes 12 to 15 of the header.
 * @throws FidiusError `FIDIUS_WIRE_CORRUPT`.
 */
export function readServerMessage(
  type: number,
  flags: number,
  method: number,
  value: number,
  payload: Uint8Array,
): ServerMessage {
  if (flags !== 0) throw violation(type, `has the flags ${flags}, expected none`);
  switch (type) {
    case frameType.item:
      if (value === 0) throw violation(type, 'has no items');
      return { kind: 'items', form: method, count: value, payload };
    case frameType.progress:
      return { kind: 'progress', payload };
    case frameType.loadPosition:
      return { kind: 'loadPosition', payload };
    case frameType.hostCall:
      return { kind: 'hostCall', number: value, function: method, payload };
    case frameType.credit:
      if (value === 0) throw violation(type, 'grants no items');
      checkEmpty(type, payload);
      return { kind: 'credit', items: value };
    default:
      checkEmpty(type, payload);
      return { kind: 'end' };
  }
}

/** Sends a message of a call to the server. @param send copies the payload. */
export function sendHostMessage(send: FrameFunction, call: number, message: HostMessage): void {
  switch (message.kind) {
    case 'items':
      send(frameType.item, 0, 0, call, message.count, message.payload);
      break;
    case 'credit':
      send(frameType.credit, 0, 0, call, message.items, noBytes);
      break;
    case 'end':
      if (message.error === undefined) send(frameType.end, 0, 0, call, 0, noBytes);
      else send(frameType.end, frameFlag.isError, 0, call, 0, message.error);
      break;
    case 'hostResult': {
      const flags = message.raised ? frameFlag.isError : 0;
      send(frameType.hostResult, flags, 0, call, message.number, message.payload);
      break;
    }
  }
}

function checkEmpty(type: number, payload: Uint8Array): void {
  if (payload.length > 0) throw violation(type, `has ${payload.length} bytes of payload, expected none`);
}

function violation(type: number, found: string): Error {
  return protocolViolation(`The call server sent an invalid frame: ${frameName(type)} ${found}`);
}
