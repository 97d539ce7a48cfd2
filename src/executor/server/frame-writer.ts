import type { Socket } from 'node:net';
import { runSoon } from '../../node/timers.ts';
import { headerBytes, writeHeader } from '../../protocol/frames.ts';

const firstBytes = 1 << 15;
/** A larger buffer is not kept: one large frame must not occupy memory permanently. */
const keptBytes = 1 << 20;

/**
 * Collects the frames of one turn of the event loop and writes them together.
 *
 * One write to a socket takes longer than all other parts of a short call, whatever its size.
 */
export class FrameWriter {
  readonly #socket: Socket;
  #buffer = Buffer.allocUnsafeSlow(firstBytes);
  #length = 0;
  #scheduled = false;
  readonly #flush = () => this.flush();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Adds a frame. `payload` is copied. */
  add(type: number, flags: number, method: number, call: number, value: number, payload: Uint8Array): void {
    const size = payload.length;
    const at = this.#length;
    if (at + headerBytes + size > this.#buffer.length) this.#grow(at + headerBytes + size);
    writeHeader(this.#buffer, at, type, flags, method, call, value, size);
    this.#buffer.set(payload, at + headerBytes);
    this.#length = at + headerBytes + size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    runSoon(this.#flush);
  }

  /** Writes the collected frames. */
  flush(): void {
    this.#scheduled = false;
    if (this.#length === 0 || this.#socket.destroyed) return;
    const frames = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#socket.write(frames);
    // Nearly always the system has accepted all of it by now, and the buffer can be used again.
    if (this.#socket.writableLength > 0 || this.#buffer.length > keptBytes) {
      this.#buffer = Buffer.allocUnsafeSlow(firstBytes);
    }
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
