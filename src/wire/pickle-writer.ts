import { ValueProblem } from './value-problem.ts';

const MARK = 0x28;
const STOP = 0x2e;
const BINFLOAT = 0x47;
const BININT = 0x4a;
const BININT1 = 0x4b;
const BININT2 = 0x4d;
const NONE = 0x4e;
const DICT = 0x64;
const LIST = 0x6c;
const TUPLE = 0x74;
const PROTO = 0x80;
const NEWTRUE = 0x88;
const NEWFALSE = 0x89;
const LONG1 = 0x8a;
const LONG4 = 0x8b;
const SHORT_BINUNICODE = 0x8c;

/** Room kept for one small item: an opcode, a length, eight bytes. */
const SMALL = 16;

/**
 * Writes values as pickle protocol 5, with a fixed handful of opcodes and nothing that runs code of the reader's choice.
 *
 * One writer serves one JavaScript thread, again and again: `begin()`, one value, `finish()`. A container is begun, its
 * items written one after the other (keys and values in turn for a dict), and ended; its length need not be known.
 */
export class PickleWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(1 << 14);
  #length = 0;

  begin(): void {
    this.#buffer[0] = PROTO;
    this.#buffer[1] = 5;
    this.#length = 2;
  }

  /** Ends the pickle. The bytes are a view of the writer's own memory, good until the next {@link begin}. */
  finish(): Uint8Array {
    this.#byte(STOP);
    return this.#buffer.subarray(0, this.#length);
  }

  none(): void {
    this.#byte(NONE);
  }

  bool(value: boolean): void {
    this.#byte(value ? NEWTRUE : NEWFALSE);
  }

  /** An `int`: a bigint of any size, or a number that is a safe integer. */
  int(value: number | bigint): void {
    if (typeof value === 'bigint') throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'not written yet');
    this.#reserve(SMALL);
    const buffer = this.#buffer;
    if (value >= 0 && value < 256) {
      buffer[this.#length++] = BININT1;
      buffer[this.#length++] = value;
    } else if (value >= 0 && value < 65536) {
      buffer[this.#length++] = BININT2;
      this.#length = buffer.writeUInt16LE(value, this.#length);
    } else if (value === (value | 0)) {
      buffer[this.#length++] = BININT;
      this.#length = buffer.writeInt32LE(value, this.#length);
    } else {
      buffer[this.#length++] = LONG1;
      buffer[this.#length++] = 8;
      this.#length = buffer.writeBigInt64LE(BigInt(value), this.#length);
    }
  }

  /** A `float`, also when the number has no fraction. */
  float(value: number): void {
    this.#reserve(SMALL);
    this.#buffer[this.#length] = BINFLOAT;
    this.#length = this.#buffer.writeDoubleBE(value, this.#length + 1);
  }

  /** A `str`. @throws ValueProblem when the string has a lone surrogate, which no Python string may hold. */
  string(value: string): void {
    const size = Buffer.byteLength(value);
    if (size > 255) throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'not written yet');
    this.#reserve(SMALL + size);
    this.#buffer[this.#length++] = SHORT_BINUNICODE;
    this.#buffer[this.#length++] = size;
    this.#length += this.#buffer.write(value, this.#length);
  }

  /** A `str` that names a member of a dict. The same as {@link string}, cheaper the second time. */
  key(name: string): void {
    this.string(name);
  }

  bytes(value: Uint8Array): void {
    throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', `not written yet (${value.length})`);
  }

  beginList(): void {
    this.#byte(MARK);
  }

  endList(): void {
    this.#byte(LIST);
  }

  beginTuple(): void {
    this.#byte(MARK);
  }

  endTuple(): void {
    this.#byte(TUPLE);
  }

  beginDict(): void {
    this.#byte(MARK);
  }

  endDict(): void {
    this.#byte(DICT);
  }

  beginSet(): void {
    this.#byte(LONG4);
  }

  endSet(): void {
    this.#byte(LONG4);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
