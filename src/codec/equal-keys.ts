import { types } from 'node:util';
import { describe } from '../errors/options.ts';
import { asBytes, bytesOfView, itemFormat } from './bytes.ts';
import { type Container, openContainer } from './container.ts';
import { inPath, ValueProblem } from './value-problem.ts';

/** The name of keys in messages, and the path to them. */
const names = {
  map: { what: 'key', place: 'keys()', instead: 'an array of pairs' },
  set: { what: 'element', place: 'values()', instead: 'an array' },
} as const;

type KeyKind = keyof typeof names;

/**
 * Rejects a Map or a Set that Python cannot represent: two keys or elements are equal in Python (1 and `true`, 1 and
 * 1n, `null` and `undefined`, bytes of the same content), or one of them is not hashable in Python (an array, an
 * object, a Map, a Set).
 *
 * Python keeps one of two equal keys and reports nothing.
 *
 * @throws ValueProblem with the path below the container.
 */
export function checkKeys({ kind, items }: Container): void {
  if (kind === 'map') {
    if (!isUniform(items, 2))
      checkDifferentKeys(
        'map',
        items.filter((_, index) => index % 2 === 0),
      );
  } else if (kind === 'set' && !isUniform(items, 1)) checkDifferentKeys('set', items);
}

/** The same check for keys that are known to have several types. */
export function checkDifferentKeys(kind: KeyKind, keys: readonly unknown[]): void {
  const primitives = new Map<unknown, number>();
  const objects = new Map<unknown, number>();
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index];
    const seen = isObject(key) ? objects : primitives;
    const identity = isObject(key) ? objectIdentity(kind, key, index) : primitiveIdentity(key);
    // The writer rejects keys without a counterpart.
    if (identity === undefined) continue;
    const earlier = seen.get(identity);
    if (earlier !== undefined) throw equalKeys(kind, keys, earlier, index);
    seen.set(identity, index);
  }
}

/** Whether all keys have the same primitive type. Different keys are then different in Python too. */
function isUniform(items: readonly unknown[], stride: number): boolean {
  if (items.length === 0) return true;
  const type = typeof items[0];
  if (type !== 'string' && type !== 'number' && type !== 'bigint' && type !== 'boolean') return false;
  for (let index = stride; index < items.length; index += stride) if (typeof items[index] !== type) return false;
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Equal results for primitives that are equal in Python; `undefined` for one without a counterpart. */
function primitiveIdentity(key: unknown): unknown {
  switch (typeof key) {
    case 'boolean':
      return Number(key);
    case 'number':
      return Number.isInteger(key) && !Number.isSafeInteger(key) ? BigInt(key) : key;
    case 'bigint':
      return Number.isSafeInteger(Number(key)) ? Number(key) : key;
    case 'string':
      return key;
    case 'function':
    case 'symbol':
      return undefined;
    case 'undefined':
    case 'object':
      return null;
  }
}

/** Equal texts for objects that are equal in Python; `undefined` for one without a counterpart. */
function objectIdentity(kind: KeyKind, key: object, index: number): string | undefined {
  if (types.isDate(key)) return `date ${Date.prototype.getTime.call(key)}`;
  const container = openContainer(key);
  if (container !== undefined) throw notHashable(kind, key, index, counterparts[container.kind]);
  const format = ArrayBuffer.isView(key) ? itemFormat(key) : undefined;
  if (format !== undefined && format !== 'b' && format !== 'B') {
    throw notHashable(kind, key, index, 'memoryview of items larger than a byte');
  }
  const bytes = inPath(`.${names[kind].place}[${index}]`, () =>
    ArrayBuffer.isView(key) ? bytesOfView(key) : asBytes(key),
  );
  if (bytes === undefined) return undefined;
  // A memoryview of single bytes equals bytes of the same numbers: 1 is 1, but -1 is not 255.
  const isNegative = format === 'b' && bytes.some((byte) => byte > 0x7f);
  return `${isNegative ? 'signed' : 'bytes'} ${Buffer.from(bytes).toString('latin1')}`;
}

const counterparts = { list: 'list', dict: 'dict', map: 'dict', set: 'set' } as const;

function notHashable(kind: KeyKind, key: object, index: number, counterpart: string): ValueProblem {
  const { what, place, instead } = names[kind];
  const role = kind === 'map' ? 'a key of a dict' : 'an element of a set';
  return new ValueProblem(
    'FIDIUS_VALUE_ARGUMENT',
    `${describe(key)} cannot be ${role}, because a ${counterpart} has no hash in Python`,
    { path: `.${place}[${index}]`, hint: `Use a string or a number as the ${what}, or pass ${instead}.` },
  );
}

function equalKeys(kind: KeyKind, keys: readonly unknown[], first: number, second: number): ValueProblem {
  const { what, place, instead } = names[kind];
  const [one, other] = [first, second].map((index) => `${describeKey(keys[index])} (${place}[${index}])`);
  return new ValueProblem('FIDIUS_VALUE_ARGUMENT', `two of its ${what}s are equal in Python: ${one} and ${other}`, {
    hint: `Pass ${what}s that differ as Python values, or pass ${instead}.`,
  });
}

function describeKey(key: unknown): string {
  return types.isDate(key) ? `the date ${Date.prototype.toISOString.call(key)}` : describe(key);
}
