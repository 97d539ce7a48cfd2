import { IntegralFloat, MissingValue, missingHint } from '../intermediate-values.ts';
import { addToMap, addToObject, addToSet, type Repeated, repeatedKey, toMap } from './add-items.ts';
import { DecodeProblems } from './decode-problems.ts';
import { corruptDataError, PickleBytes } from './pickle-bytes.ts';
import { findPickleGlobal, PickleGlobal } from './pickle-globals.ts';

/** Bytes that were removed from a pickle, in separate memory. */
export interface DetachedBuffer {
  /** Their position: the offset of the byte that follows them. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Decodes one pickle of the subset that the Python side writes. A stack machine, without recursion.
 *
 * The opcodes are documented in CPython's pickletools. Additional rules:
 *
 * - Every read and every pop is checked; an unknown opcode is `FIDIUS_WIRE_CORRUPT`.
 * - A dict whose keys are all `str` becomes an object, any other a `Map`. The items determine which one.
 * - Python encodes a container that contains itself: the container is recalled from the memo before its items are
 *   added. A cycle is therefore detected when items are added to a recalled container.
 */
export class Unpickler {
  readonly #problems = new DecodeProblems();
  readonly #source: PickleBytes;
  readonly #wrapsIntegral: boolean;
  readonly #detached: readonly DetachedBuffer[] | undefined;
  #nextDetached = 0;
  /** Used below {@link #top}; items above it are obsolete. */
  readonly #stack: unknown[] = [];
  #top = 0;
  /** Heights of the stack at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo: unknown[] = [];
  /** Offset after the current opcode, for error messages. */
  #at = 0;
  /** Objects that were recalled from the memo. */
  #recalled: Set<object> | undefined;
  /** The Map that replaced an object, after a key that is not a string was found. */
  #replaced: Map<object, object> | undefined;
  /** Number of functions on the stack that have not been called. Must be 0 at the end: functions are not values. */
  #uncalled = 0;
  /** Keys may have been converted from other objects, and different objects may have equal keys. */
  #converted = false;

  constructor(bytes: Uint8Array, wrapsIntegral: boolean, detached?: readonly DetachedBuffer[]) {
    this.#source = new PickleBytes(bytes, this.#problems);
    this.#wrapsIntegral = wrapsIntegral;
    this.#detached = detached;
  }

  /** @param name returns the name of the value in errors; `result` by default. */
  read(name?: () => string): unknown {
    const source = this.#source;
    const { bytes } = source;
    const stack = this.#stack;
    const memo = this.#memo;
    const end = bytes.length;
    if (end < 2) throw source.truncated();
    if (bytes[0] !== 0x80 || bytes[1] !== 5) throw corruptDataError('not a pickle of protocol 5', 0);
    let at = 2;
    let size = 0;
    for (;;) {
      if (at >= end) throw source.truncated();
      const opcode = bytes[at++] as number;
      this.#at = at;
      switch (opcode) {
        case 0x4e: // NONE
          stack[this.#top++] = null;
          break;
        case 0x88: // NEWTRUE
          stack[this.#top++] = true;
          break;
        case 0x89: // NEWFALSE
          stack[this.#top++] = false;
          break;
        case 0x4b: // BININT1
          stack[this.#top++] = source.uint8(at);
          at += 1;
          break;
        case 0x4d: // BININT2
          stack[this.#top++] = source.uint16(at);
          at += 2;
          break;
        case 0x4a: // BININT
          stack[this.#top++] = source.uint32(at) | 0;
          at += 4;
          break;
        case 0x8a: // LONG1
          size = source.uint8(at);
          stack[this.#top++] = source.int(at + 1, size);
          at += 1 + size;
          break;
        case 0x8b: // LONG4
          size = source.uint32(at);
          stack[this.#top++] = source.int(at + 4, size);
          at += 4 + size;
          break;
        case 0x47: // BINFLOAT
          stack[this.#top++] = this.#wrapsIntegral ? wrapIntegral(source.float(at)) : source.float(at);
          at += 8;
          break;
        case 0x8c: // SHORT_BINUNICODE
          size = source.uint8(at);
          stack[this.#top++] = source.text(at + 1, size);
          at += 1 + size;
          break;
        case 0x58: // BINUNICODE
          size = source.uint32(at);
          stack[this.#top++] = source.text(at + 4, size);
          at += 4 + size;
          break;
        case 0x8d: // BINUNICODE8
          size = source.uint64(at);
          stack[this.#top++] = source.text(at + 8, size);
          at += 8 + size;
          break;
        case 0x43: // SHORT_BINBYTES
          size = source.uint8(at);
          stack[this.#top++] = source.copy(at + 1, size);
          at += 1 + size;
          break;
        case 0x42: // BINBYTES
          at = this.#pushBytes(at + 4, source.uint32(at));
          break;
        case 0x8e: // BINBYTES8
        case 0x96: // BYTEARRAY8
          at = this.#pushBytes(at + 8, source.uint64(at));
          break;
        case 0x5d: // EMPTY_LIST
        case 0x29: // EMPTY_TUPLE
          stack[this.#top++] = [];
          break;
        case 0x7d: // EMPTY_DICT
          stack[this.#top++] = {};
          break;
        case 0x8f: // EMPTY_SET
          stack[this.#top++] = new Set();
          break;
        case 0x28: // MARK
          this.#marks.push(this.#top);
          break;
        case 0x94: // MEMOIZE
          memo.push(stack[this.#below(1)]);
          break;
        case 0x68: // BINGET
          this.#recall(source.uint8(at));
          at += 1;
          break;
        case 0x6a: // LONG_BINGET
          this.#recall(source.uint32(at));
          at += 4;
          break;
        case 0x61: // APPEND
          this.#append(this.#below(1));
          break;
        case 0x65: // APPENDS
          this.#append(this.#popMark());
          break;
        case 0x73: // SETITEM
          this.#setItems(this.#below(2));
          break;
        case 0x75: // SETITEMS
          this.#setItems(this.#popMark());
          break;
        case 0x90: // ADDITEMS
          this.#addItems(this.#popMark());
          break;
        case 0x91: // FROZENSET
          this.#frozenset(this.#popMark());
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.#tuple(this.#below(opcode - 0x84));
          break;
        case 0x74: // TUPLE
          this.#tuple(this.#popMark());
          break;
        case 0x93: // STACK_GLOBAL
          this.#function();
          break;
        case 0x52: // REDUCE
          this.#call();
          break;
        case 0x30: // POP
          this.#top = this.#below(1);
          break;
        case 0x31: // POP_MARK
          this.#top = this.#popMark();
          break;
        case 0x95: // FRAME
          if (source.uint64(at) > end - at - 8) throw source.truncated();
          at += 8;
          break;
        case 0x2e: // STOP
          return this.#finish(at, name);
        default:
          throw corruptDataError(`unknown opcode 0x${opcode.toString(16).padStart(2, '0')}`, this.#at - 1);
      }
    }
  }

  #finish(at: number, name: (() => string) | undefined): unknown {
    const [root] = this.#stack;
    if (this.#top !== 1 || this.#marks.length > 0 || this.#uncalled !== 0) throw corruptDataError('no value', at);
    if (at !== this.#source.bytes.length) throw corruptDataError('more than one value', at);
    const problem = this.#problems.locate(root, (target) => this.#replaced?.get(target) ?? target);
    if (problem !== undefined) {
      throw problem.toFidiusError(name?.() ?? 'result', (place) => `Cannot read ${place} from Python`);
    }
    return root;
  }

  /** @returns the offset after the bytes. */
  #pushBytes(at: number, size: number): number {
    const detached = this.#detached?.[this.#nextDetached];
    if (detached === undefined || detached.at !== at) {
      this.#stack[this.#top++] = this.#source.copy(at, size);
      return at + size;
    }
    if (detached.bytes.length !== size)
      throw corruptDataError(`a buffer of ${detached.bytes.length} bytes for ${size}`, at);
    this.#nextDetached += 1;
    this.#stack[this.#top++] = detached.bytes;
    return at;
  }

  #recall(index: number): void {
    if (index >= this.#memo.length)
      throw corruptDataError(`a reference to object ${index}, which does not exist`, this.#at);
    let value = this.#memo[index];
    if (typeof value === 'object' && value !== null) {
      if (value instanceof PickleGlobal) this.#uncalled += 1;
      else (this.#recalled ??= new Set()).add(value);
      value = this.#replaced?.get(value) ?? value;
    }
    this.#stack[this.#top++] = value;
  }

  /** Moves the items above `height` from the stack to the list below them. */
  #append(height: number): void {
    const stack = this.#stack;
    const list = this.#target(height);
    if (!Array.isArray(list)) throw corruptDataError('items without a list', this.#at);
    for (let index = height; index < this.#top; index += 1) list.push(stack[index]);
    this.#top = height;
  }

  #setItems(height: number): void {
    const stack = this.#stack;
    const top = this.#top;
    const dict = this.#target(height);
    if ((top - height) % 2 !== 0) throw corruptDataError('a key without a value', this.#at);
    this.#top = height;
    if (dict instanceof Map) {
      this.#report(addToMap(dict, stack, height, top), dict);
      return;
    }
    if (!isDict(dict)) throw corruptDataError('items without a dict', this.#at);
    const next = addToObject(dict as Record<string, unknown>, stack, height, top, this.#converted);
    if (next === top) return;
    if (typeof stack[next] === 'string') {
      this.#report({ key: stack[next] }, dict);
      return;
    }
    const map = toMap(dict as Record<string, unknown>);
    (this.#replaced ??= new Map()).set(dict, map);
    stack[height - 1] = map;
    this.#report(addToMap(map, stack, next, top), map);
  }

  #addItems(height: number): void {
    const set = this.#target(height);
    if (!(set instanceof Set)) throw corruptDataError('items without a set', this.#at);
    this.#report(addToSet(set, this.#stack, height, this.#top), set);
    this.#top = height;
  }

  #frozenset(height: number): void {
    const set = new Set();
    this.#report(addToSet(set, this.#stack, height, this.#top), set);
    this.#stack[height] = set;
    this.#top = height + 1;
  }

  #tuple(height: number): void {
    this.#stack[height] = this.#stack.slice(height, this.#top);
    this.#top = height + 1;
  }

  #function(): void {
    const height = this.#below(2);
    const found = findPickleGlobal(this.#stack[height], this.#stack[height + 1]);
    if (found === undefined) throw corruptDataError('the name of an unknown function', this.#at);
    this.#stack[height] = found;
    this.#top = height + 1;
    this.#uncalled += 1;
  }

  #call(): void {
    const height = this.#below(2);
    const called = this.#stack[height];
    const args = this.#stack[height + 1];
    if (!(called instanceof PickleGlobal) || !Array.isArray(args))
      throw corruptDataError('a call of something that is not a function', this.#at);
    this.#stack[height] = this.#refuseMissing(called.call(args, this.#at));
    this.#top = height + 1;
    this.#uncalled -= 1;
    this.#converted = true;
  }

  /** Replaces a missing value, which only a declared type accepts, by a placeholder. */
  #refuseMissing(value: unknown): unknown {
    if (this.#wrapsIntegral || !(value instanceof MissingValue)) return value;
    return this.#problems.placeholder(`${value.name} has no counterpart in JavaScript`, missingHint);
  }

  /** The container below `height`, to which items will be added. */
  #target(height: number): object {
    const marks = this.#marks;
    const fence = marks.length === 0 ? 0 : (marks[marks.length - 1] as number);
    const target = this.#stack[height - 1];
    if (height <= fence || typeof target !== 'object' || target === null) throw this.#underflow();
    if (this.#recalled?.has(target)) {
      this.#problems.add(target, 'FIDIUS_VALUE_CYCLE', 'it contains itself', 'Return a tree.');
    }
    return target;
  }

  #report(repeated: Repeated | undefined, container: object): void {
    if (repeated === undefined) return;
    const { problem, hint } = repeatedKey(container, repeated.key);
    this.#problems.add(container, 'FIDIUS_VALUE_RESULT', problem, hint);
  }

  /** The height of the stack without its top `count` values. */
  #below(count: number): number {
    const marks = this.#marks;
    const fence = marks.length === 0 ? 0 : (marks[marks.length - 1] as number);
    const height = this.#top - count;
    if (height < fence) throw this.#underflow();
    return height;
  }

  #popMark(): number {
    const height = this.#marks.pop();
    if (height === undefined) throw this.#underflow();
    return height;
  }

  #underflow(): Error {
    return corruptDataError('an item without a container', this.#at);
  }
}

/** True for an object that EMPTY_DICT created. */
function isDict(value: object): boolean {
  // A dict may have a key of that name, but its value is not a function. Object.getPrototypeOf() is slow where dicts
  // have many shapes.
  return value.constructor === Object || Object.getPrototypeOf(value) === Object.prototype;
}

function wrapIntegral(value: number): number | IntegralFloat {
  return Number.isInteger(value) ? new IntegralFloat(value) : value;
}
