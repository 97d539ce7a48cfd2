import { constants } from 'node:buffer';
import { ValueProblem } from '../value-problem.ts';
import type { PayloadWriter, TextObject } from '../value-writer.ts';
import { bigintToBytes } from './bigint-bytes.ts';
import { type PickleFunction, PickleMemo } from './pickle-memo.ts';

// Opcodes, named as in CPython's pickletools.
const MARK = 0x28;
const STOP = 0x2e;
const BINBYTES = 0x42;
const SHORT_BINBYTES = 0x43;
const BINFLOAT = 0x47;
const BININT = 0x4a;
const BININT1 = 0x4b;
const BININT2 = 0x4d;
const NONE = 0x4e;
const REDUCE = 0x52;
const BINUNICODE = 0x58;
const DICT = 0x64;
const BINGET = 0x68;
const LONG_BINGET = 0x6a;
const LIST = 0x6c;
const TUPLE = 0x74;
const PROTO = 0x80;
const TUPLE1 = 0x85;
const TUPLE2 = 0x86;
const TUPLE3 = 0x87;
const NEWTRUE = 0x88;
const NEWFALSE = 0x89;
const LONG1 = 0x8a;
const LONG4 = 0x8b;
const SHORT_BINUNICODE = 0x8c;
const BINBYTES8 = 0x8e;
const EMPTY_SET = 0x8f;
const ADDITEMS = 0x90;
const STACK_GLOBAL = 0x93;
const MEMOIZE = 0x94;
const BYTEARRAY8 = 0x96;

/** At least the size of the longest item of fixed size: an opcode, a length byte and eight bytes. */
const ITEM = 16;
/**
 * Strings up to this length are copied in a loop: a call into native code takes longer. Longer keys are not memoized.
 */
const LOOPED = 48;
const FIRST_SIZE = 1 << 14;
/** A larger buffer is not reused for the next value: one large argument must not occupy memory permanently. */
export const KEPT_SIZE = 1 << 20;

const loneSurrogate = /\p{Surrogate}/u;

/**
 * Writes values as pickle protocol 5 with a small fixed set of opcodes. The only functions that such a pickle refers to
 * are those of `fidius_host.codec.pickle_globals`.
 *
 * A writer is used repeatedly on one JavaScript thread: `begin()`, one value, `finish()`. After an error, `begin()`
 * starts a new value.
 */
export class PickleWriter implements PayloadWriter {
  #buffer: Buffer;
  #view: DataView;
  #length = 0;
  readonly #memo = new PickleMemo();
  /** The payload of a raw call. */
  #raw: Uint8Array | undefined;

  constructor() {
    this.#buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.#view = new DataView(this.#buffer.buffer);
  }

  begin(): void {
    if (this.#buffer.length > KEPT_SIZE) this.#replaceBuffer(FIRST_SIZE);
    this.#memo.clear();
    this.#buffer[0] = PROTO;
    this.#buffer[1] = 5;
    this.#length = 2;
    this.#raw = undefined;
  }

  /** Ends the payload. Unless it is raw, it is a view of the writer's memory, valid until the next {@link begin}. */
  finish(): Uint8Array {
    const raw = this.#raw;
    if (raw !== undefined) {
      this.#raw = undefined;
      return raw;
    }
    // Takes half the time of subarray(), which creates a Buffer.
    return new Uint8Array(this.#buffer.buffer, 0, this.end());
  }

  /**
   * Ends the pickle for a C function, for which a new view is slow. Returns the size of the pickle in {@link memory}.
   */
  end(): number {
    this.#byte(STOP);
    return this.#length;
  }

  /** Number of bytes that were written since {@link begin}. */
  get size(): number {
    return this.#length;
  }

  /** The writer's memory, with the pickle at its start; valid between {@link end} and the next {@link begin}. */
  get memory(): Uint8Array {
    return this.#buffer;
  }

  rawPayload(bytes: Uint8Array): void {
    this.#raw = bytes;
  }

  none(): void {
    this.#byte(NONE);
  }

  bool(value: boolean): void {
    this.#byte(value ? NEWTRUE : NEWFALSE);
  }

  /**
   * An `int`: a bigint of any size, or a number that is a safe integer.
   *
   * @throws {RangeError} for any other number, which is a bug of the caller.
   */
  int(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#bigint(value);
      return;
    }
    this.#reserve(ITEM);
    const buffer = this.#buffer;
    const at = this.#length;
    if ((value | 0) === value) {
      if (value >= 0 && value < 0x100) {
        buffer[at] = BININT1;
        buffer[at + 1] = value;
        this.#length = at + 2;
      } else if (value >= 0 && value < 0x10000) {
        buffer[at] = BININT2;
        buffer[at + 1] = value;
        buffer[at + 2] = value >> 8;
        this.#length = at + 3;
      } else {
        buffer[at] = BININT;
        this.#uint32(at + 1, value);
        this.#length = at + 5;
      }
    } else {
      if (!Number.isSafeInteger(value)) throw new RangeError(`int() takes a safe integer or a bigint, got ${value}`);
      buffer[at] = LONG1;
      buffer[at + 1] = 8;
      this.#uint32(at + 2, value >>> 0);
      this.#uint32(at + 6, Math.floor(value / 0x1_0000_0000));
      this.#length = at + 10;
    }
  }

  /** A `float`, also when the number has no fraction. */
  float(value: number): void {
    this.#reserve(ITEM);
    const at = this.#length;
    this.#buffer[at] = BINFLOAT;
    this.#view.setFloat64(at + 1, value);
    this.#length = at + 9;
  }

  /** A `str`. @throws ValueProblem when the string contains a lone surrogate. */
  string(value: string): void {
    const size = value.length;
    if (size <= LOOPED) {
      this.#reserve(LOOPED + 2);
      const buffer = this.#buffer;
      let at = this.#length;
      buffer[at++] = SHORT_BINUNICODE;
      buffer[at++] = size;
      let index = 0;
      for (; index < size; index += 1) {
        const unit = value.charCodeAt(index);
        if (unit > 0x7f) break;
        buffer[at++] = unit;
      }
      if (index === size) {
        this.#length = at;
        return;
      }
    }
    this.#encodedString(value);
  }

  /** A `str` that names a member of a dict: like {@link string}, but two bytes when it occurs again. */
  key(name: string): void {
    const slot = this.#memo.slotOf(name);
    const index = this.#memo.indexIn(slot, name);
    if (index >= 0) this.#recall(index);
    else this.#newKey(name, slot);
  }

  bytes(value: Uint8Array): void {
    const size = value.length;
    this.#reserve(ITEM + size);
    const buffer = this.#buffer;
    let at = this.#length;
    if (size < 0x100) {
      buffer[at++] = SHORT_BINBYTES;
      buffer[at++] = size;
    } else if (size <= 0xffff_ffff) {
      buffer[at++] = BINBYTES;
      this.#uint32(at, size);
      at += 4;
    } else {
      buffer[at++] = BINBYTES8;
      this.#uint32(at, size);
      this.#uint32(at + 4, Math.floor(size / 0x1_0000_0000));
      at += 8;
    }
    buffer.set(value, at);
    this.#length = at + size;
  }

  /** A `memoryview` over a copy of `data`. `format` is one letter of Python's `struct` module, such as `d`. */
  memoryview(format: string, data: Uint8Array): void {
    this.#function('view');
    this.string(format);
    this.bytes(data);
    this.#byte(TUPLE2);
    this.#byte(REDUCE);
  }

  /** An aware `datetime` in UTC. `milliseconds` count from 1970; the caller keeps them within the years 1 to 9999. */
  datetime(milliseconds: number): void {
    this.#function('moment');
    this.int(milliseconds);
    this.#byte(TUPLE1);
    this.#byte(REDUCE);
  }

  objectOf(kind: TextObject, text: string): void {
    this.#function(`${kind}_of`);
    this.string(text);
    this.#byte(TUPLE1);
    this.#byte(REDUCE);
  }

  /** A writable `memoryview` over a copy of `data`. Without `shape` it has one dimension. */
  ndarray(format: string, shape: readonly number[] | undefined, data: Uint8Array): void {
    this.#function('items');
    this.string(format);
    if (shape === undefined) this.none();
    else {
      this.beginTuple();
      for (const length of shape) this.int(length);
      this.endTuple();
    }
    this.#bytearray(data);
    this.#byte(TUPLE3);
    this.#byte(REDUCE);
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
    this.#byte(EMPTY_SET);
    this.#byte(MARK);
  }

  endSet(): void {
    this.#byte(ADDITEMS);
  }

  /** A `bytearray`, whose memory Python may change. */
  #bytearray(value: Uint8Array): void {
    const size = value.length;
    this.#reserve(ITEM + size);
    const at = this.#length;
    this.#buffer[at] = BYTEARRAY8;
    this.#uint32(at + 1, size);
    this.#uint32(at + 5, Math.floor(size / 0x1_0000_0000));
    this.#buffer.set(value, at + 9);
    this.#length = at + 9 + size;
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(32, value) === value) {
      this.int(Number(value));
      return;
    }
    if (BigInt.asIntN(64, value) === value) {
      this.#reserve(ITEM);
      const at = this.#length;
      this.#buffer[at] = LONG1;
      this.#buffer[at + 1] = 8;
      this.#view.setBigInt64(at + 2, value, true);
      this.#length = at + 10;
      return;
    }
    const bytes = bigintToBytes(value);
    this.#reserve(ITEM + bytes.length);
    let at = this.#length;
    if (bytes.length < 0x100) {
      this.#buffer[at++] = LONG1;
      this.#buffer[at++] = bytes.length;
    } else {
      this.#buffer[at++] = LONG4;
      this.#uint32(at, bytes.length);
      at += 4;
    }
    this.#buffer.set(bytes, at);
    this.#length = at + bytes.length;
  }

  #newKey(name: string, slot: number): void {
    this.string(name);
    if (name.length > LOOPED || !this.#memo.isFree(slot)) return;
    this.#byte(MEMOIZE);
    this.#memo.addKey(slot, name);
  }

  #encodedString(value: string): void {
    const size = Buffer.byteLength(value);
    const ascii = size === value.length;
    // Buffer would silently replace it by U+FFFD.
    if (!ascii && loneSurrogate.test(value)) {
      throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'the string contains a lone surrogate, which is not valid text', {
        hint: 'Send well-formed text (see String.prototype.toWellFormed), or the data as a Uint8Array.',
      });
    }
    this.#reserve(ITEM + size);
    let at = this.#length;
    if (size < 0x100) {
      this.#buffer[at++] = SHORT_BINUNICODE;
      this.#buffer[at++] = size;
    } else {
      this.#buffer[at++] = BINUNICODE;
      this.#uint32(at, size);
      at += 4;
    }
    this.#buffer.write(value, at, size, ascii ? 'latin1' : 'utf8');
    this.#length = at + size;
  }

  #function(name: PickleFunction): void {
    const index = this.#memo.indexOf(name);
    if (index >= 0) {
      this.#recall(index);
      return;
    }
    this.string('fidius_host.codec.pickle_globals');
    this.string(name);
    this.#byte(STACK_GLOBAL);
    this.#byte(MEMOIZE);
    this.#memo.addFunction(name);
  }

  #recall(index: number): void {
    this.#reserve(ITEM);
    const at = this.#length;
    if (index < 0x100) {
      this.#buffer[at] = BINGET;
      this.#buffer[at + 1] = index;
      this.#length = at + 2;
    } else {
      this.#buffer[at] = LONG_BINGET;
      this.#uint32(at + 1, index);
      this.#length = at + 5;
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  #uint32(at: number, value: number): void {
    const buffer = this.#buffer;
    buffer[at] = value;
    buffer[at + 1] = value >> 8;
    buffer[at + 2] = value >> 16;
    buffer[at + 3] = value >> 24;
  }

  #reserve(size: number): void {
    if (this.#length + size > this.#buffer.length) this.#grow(this.#length + size);
  }

  #grow(needed: number): void {
    const written = this.#buffer.subarray(0, this.#length);
    try {
      this.#replaceBuffer(Math.max(needed, Math.min(this.#buffer.length * 2, constants.MAX_LENGTH)));
    } catch {
      throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', `cannot allocate ${needed} bytes for its encoded form`, {
        hint: 'Send large data in several calls, or pass the name of a file.',
      });
    }
    this.#buffer.set(written);
  }

  #replaceBuffer(size: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#buffer.buffer);
  }
}
