import { ffi } from './native.ts';

/**
 * Memory whose address C may keep: it lies outside V8's heap, never moves, and lives as long as this object.
 *
 * A call that takes an address is cheaper than one that takes a typed array, whose address is looked up at each call.
 */
export class PinnedMemory {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly address: number;

  constructor(size: number) {
    this.buffer = new ArrayBuffer(Math.ceil(size / 8) * 8);
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Int32Array(this.buffer);
    this.doubles = new Float64Array(this.buffer);
    this.address = ffi.addressOf(this.bytes);
  }
}
