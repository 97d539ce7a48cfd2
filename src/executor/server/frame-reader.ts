import { FidiusError } from '../../errors/fidius-error.ts';
import { headerBytes, maxPayloadBytes, readUint32 } from '../../protocol/frames.ts';

const firstBytes = 1 << 16;
/** A buffer beyond this size is given up when it is empty: one large frame must not cost memory for ever. */
const keptBytes = 1 << 20;
/** Room below which reading on would be done in drops. */
const leastRoom = 1 << 13;

/** Takes one frame. The payload is a view, good until the call returns. */
export type FrameHandler = (
  type: number,
  flags: number,
  call: number,
  microseconds: number,
  payload: Uint8Array,
) => void;

/**
 * Cuts the bytes of a stream into frames, in the memory that they were read into.
 *
 * Whoever reads asks for {@link room}, fills its beginning, and says how much with {@link take}.
 */
export class FrameReader {
  readonly #onFrame: FrameHandler;
  #buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** Frames from here to {@link #end} were not taken yet. */
  #at = 0;
  #end = 0;

  constructor(onFrame: FrameHandler) {
    this.#onFrame = onFrame;
  }

  /** Memory to read into. Good until the next {@link take}. */
  room(): Buffer {
    return this.#buffer.subarray(this.#end);
  }

  /**
   * Takes the frames that are complete with `count` more bytes in the room.
   *
   * @throws FidiusError `FIDIUS_WIRE_CORRUPT` for a frame that cannot be: nothing behind it can be trusted.
   */
  take(count: number): void {
    this.#end += count;
    let needed = headerBytes;
    for (;;) {
      const at = this.#at;
      const held = this.#end - at;
      if (held < headerBytes) break;
      const size = readUint32(this.#buffer, at);
      if (size > maxPayloadBytes) {
        throw new FidiusError('FIDIUS_WIRE_CORRUPT', `The call server announced a frame of ${size} bytes`);
      }
      needed = headerBytes + size;
      if (held < needed) break;
      this.#at = at + needed;
      const buffer = this.#buffer;
      this.#onFrame(
        buffer[at + 4] as number,
        buffer[at + 5] as number,
        readUint32(buffer, at + 8),
        readUint32(buffer, at + 12),
        // Half the price of subarray(), which makes a Buffer.
        new Uint8Array(buffer.buffer, at + headerBytes, size),
      );
      needed = headerBytes;
    }
    this.#makeRoom(needed);
  }

  /** Sees to it that the next read can complete a frame of `needed` bytes. */
  #makeRoom(needed: number): void {
    const held = this.#end - this.#at;
    if (held === 0) {
      this.#at = 0;
      this.#end = 0;
      if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafeSlow(firstBytes);
      return;
    }
    if (this.#buffer.length - this.#at >= needed && this.#buffer.length - this.#end >= leastRoom) return;
    const target = needed > this.#buffer.length ? Buffer.allocUnsafeSlow(needed + leastRoom) : this.#buffer;
    this.#buffer.copy(target, 0, this.#at, this.#end);
    this.#buffer = target;
    this.#at = 0;
    this.#end = held;
  }
}
