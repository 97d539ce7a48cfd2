import { types } from 'node:util';
import { describe } from '../errors/options.ts';
import { asBytes, bytesOfView, itemFormat } from './bytes.ts';
import { type Container, openContainer, stepOf, walkValue } from './container.ts';
import { checkKeys } from './equal-keys.ts';
import { ValueProblem } from './value-problem.ts';
import type { ValueWriter } from './value-writer.ts';

/** Up to this depth, ancestors are compared one by one; deeper ones are in a set. */
const SHALLOW = 32;
/** Limits objects whose getters create new objects without end. The same limit as in Python. */
const MAX_DEPTH = 100_000;
/** Python's `datetime` knows the years 1 to 9999. */
const FIRST_MOMENT = -62_135_596_800_000;
const LAST_MOMENT = 253_402_300_799_999;
/** Containers that may be written before the number of distinct ones is determined. */
const UNCHECKED_CONTAINERS = 2_000_000;
/** How many times, on average, each container of a larger value may be written. */
const COPIES = 100;

/**
 * Writes any value that has an exact counterpart in Python, by the rules of docs/reference/values.md.
 *
 * Has its own stack: deep nesting does not overflow the stack of JavaScript.
 *
 * @throws ValueProblem with the path below `root`: a value without counterpart, or one that contains itself. Errors of
 * getters and proxies are thrown unchanged.
 */
export function writeValue(writer: ValueWriter, root: unknown): void {
  const open: Container[] = [];
  try {
    writeTree(writer, root, open);
  } catch (error) {
    if (error instanceof ValueProblem) error.path = open.map(stepOf).join('') + error.path;
    throw error;
  }
}

/** When an error is thrown, `open` contains the containers around its place. */
function writeTree(writer: ValueWriter, root: unknown, open: Container[]): void {
  let deep: Set<object> | undefined;
  let count = 0;
  let limit = UNCHECKED_CONTAINERS;
  let container: Container | undefined;
  let value = root;
  do {
    const entered = writeScalar(writer, value) ? undefined : writeObject(writer, value as object);
    if (entered !== undefined) {
      if (isAncestor(entered.source, open) || deep?.has(entered.source)) throw cycle();
      if (++count > limit) {
        limit = containerLimit(root);
        if (count > limit) {
          open.length = 0;
          throw tooManyCopies();
        }
      }
      if (open.length >= MAX_DEPTH) throw tooDeep();
      if (open.length >= SHALLOW) (deep ??= new Set()).add(entered.source);
      open.push(entered);
      container = entered;
    }
    value = finished;
    while (container !== undefined && value === finished) {
      value = container.kind === 'dict' ? writeMembers(writer, container) : writeItems(writer, container);
      if (value === finished) {
        end(writer, container);
        open.pop();
        if (open.length >= SHALLOW) deep?.delete(container.source);
        // Not index -1 of an empty array, which V8 looks up as a property name.
        container = open.length === 0 ? undefined : open[open.length - 1];
      }
    }
  } while (value !== finished);
}

/** Result of {@link writeMembers} and {@link writeItems} at the end of a container. */
const finished = Symbol('finished');

/** Writes keys and values up to the first value that is not a scalar. Returns that value; its key is written. */
function writeMembers(writer: ValueWriter, container: Container): unknown {
  const keys = container.items as readonly string[];
  const source = container.source as Readonly<Record<string, unknown>>;
  for (let index = container.next; index < keys.length; index += 1) {
    container.next = index + 1;
    const key = keys[index] as string;
    writer.key(key);
    const value = source[key];
    if (!writeScalar(writer, value)) return value;
  }
  return finished;
}

/** Writes items up to the first one that is not a scalar, and returns that. */
function writeItems(writer: ValueWriter, container: Container): unknown {
  const { items } = container;
  for (let index = container.next; index < items.length; index += 1) {
    container.next = index + 1;
    const value = items[index];
    if (!writeScalar(writer, value)) return value;
  }
  return finished;
}

/** Writes a value that is not an object; returns `false` for an object. */
function writeScalar(writer: ValueWriter, value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      writer.string(value);
      return true;
    case 'number':
      if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) writer.int(value);
      else writer.float(value);
      return true;
    case 'boolean':
      writer.bool(value);
      return true;
    case 'undefined':
      writer.none();
      return true;
    case 'bigint':
      writer.int(value);
      return true;
    case 'object':
      if (value !== null) return false;
      writer.none();
      return true;
    case 'function':
    case 'symbol':
      throw noCounterpart(value, 'Pass data only.');
  }
}

/** Writes an object without items, or begins a container and returns it. */
function writeObject(writer: ValueWriter, value: object): Container | undefined {
  const container = openContainer(value);
  if (container !== undefined) {
    begin(writer, container);
    return container;
  }
  const bytes = asBytes(value);
  if (bytes !== undefined) writer.bytes(bytes);
  else if (ArrayBuffer.isView(value)) writeTypedArray(writer, value);
  else if (types.isDate(value)) writeDate(writer, value);
  else if (types.isPromise(value)) throw noCounterpart(value, 'Await it first.');
  else if (types.isGeneratorObject(value)) throw noCounterpart(value, 'Pass its items: `[...items]`.');
  else if (types.isProxy(value)) throw noCounterpart(value, 'Pass the object that the proxy stands for.');
  else throw noCounterpart(value, 'Pass a plain object with the fields that Python needs.');
  return undefined;
}

function begin(writer: ValueWriter, container: Container): void {
  const { kind } = container;
  if (kind === 'list') {
    writer.beginList();
  } else if (kind === 'dict') {
    writer.beginDict();
  } else {
    checkKeys(container);
    if (kind === 'set') writer.beginSet();
    else writer.beginDict();
  }
}

function end(writer: ValueWriter, { kind }: Container): void {
  if (kind === 'list') writer.endList();
  else if (kind === 'set') writer.endSet();
  else writer.endDict();
}

function isAncestor(value: object, open: readonly Container[]): boolean {
  for (let depth = Math.min(open.length, SHALLOW) - 1; depth >= 0; depth -= 1) {
    if (open[depth]?.source === value) return true;
  }
  return false;
}

function cycle(): ValueProblem {
  return new ValueProblem('FIDIUS_VALUE_CYCLE', 'it contains itself, and has no finite form', {
    hint: 'Pass a tree: replace the inner reference by a key or an index.',
  });
}

function tooDeep(): ValueProblem {
  return new ValueProblem('FIDIUS_VALUE_ARGUMENT', `it is nested deeper than ${MAX_DEPTH} levels`, {
    hint: 'Pass a flat list, and refer to its items by index.',
  });
}

function writeTypedArray(writer: ValueWriter, value: ArrayBufferView): void {
  const format = itemFormat(value);
  if (format === undefined) throw noCounterpart(value, 'Pass a Float32Array or a Float64Array.');
  writer.memoryview(format, bytesOfView(value));
}

function writeDate(writer: ValueWriter, value: Date): void {
  // The built-in method, as everywhere in this file: a subclass may override it.
  const time = Date.prototype.getTime.call(value);
  if (Number.isNaN(time))
    throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'the date is invalid', {
      hint: 'Pass a date whose getTime() is a number, or null.',
    });
  if (time < FIRST_MOMENT || time > LAST_MOMENT) {
    throw new ValueProblem(
      'FIDIUS_VALUE_ARGUMENT',
      `the date ${Date.prototype.toISOString.call(value)} lies outside the years 1 to 9999`,
      { hint: 'Pass it as text or as a number.' },
    );
  }
  writer.datetime(time);
}

function noCounterpart(value: unknown, hint: string): ValueProblem {
  const what = types.isGeneratorObject(value) ? 'a generator' : types.isProxy(value) ? 'a proxy' : describe(value);
  return new ValueProblem('FIDIUS_VALUE_ARGUMENT', `${what} has no counterpart in Python`, { hint });
}

/**
 * The total number of containers that may be written for `root`.
 *
 * A container that several paths lead to is written once per path: arguments are values, and Python receives equal
 * copies. Forty arrays that each contain the next one twice would become 2^40 lists. A value with more than
 * {@link UNCHECKED_CONTAINERS} containers is therefore written as at most a hundred copies of itself.
 */
function containerLimit(root: unknown): number {
  let distinct = 0;
  walkValue(root, (value) => {
    if (openContainer(value) !== undefined) distinct += 1;
    return false;
  });
  return Math.max(UNCHECKED_CONTAINERS, distinct * COPIES);
}

function tooManyCopies(): ValueProblem {
  return new ValueProblem(
    'FIDIUS_VALUE_ARGUMENT',
    'its parts refer to the same objects so often that writing the copies would not end',
    { hint: 'Pass the shared objects once, and refer to them by a key or an index.' },
  );
}
