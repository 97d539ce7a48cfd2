import { describe } from '../../errors/options.ts';

/**
 * Adds the pairs in a range of `stack` to an object, up to the first key that is not a string.
 *
 * @param checked whether keys may repeat; plain `str` keys of one dict cannot.
 * @returns the index of the first pair that was not added (`end` if all were): its key is not a string, or is a
 *   duplicate.
 */
export function addToObject(
  object: Record<string, unknown>,
  stack: readonly unknown[],
  start: number,
  end: number,
  checked: boolean,
): number {
  for (let index = start; index < end; index += 2) {
    const key = stack[index];
    if (typeof key !== 'string' || (checked && Object.hasOwn(object, key))) return index;
    // An assignment would set the prototype instead of a property.
    if (key === '__proto__') addOwn(object, key, stack[index + 1]);
    else object[key] = stack[index + 1];
  }
  return end;
}

/** A duplicate key or element of a Map or a Set. */
export interface Repeated {
  readonly key: unknown;
}

/** Adds the pairs in a range of `stack`. @returns the first duplicate key. */
export function addToMap(
  map: Map<unknown, unknown>,
  stack: readonly unknown[],
  start: number,
  end: number,
): Repeated | undefined {
  const before = map.size;
  for (let index = start; index < end; index += 2) map.set(stack[index], stack[index + 1]);
  if (map.size === before + (end - start) / 2) return undefined;
  return findRepeated(map.keys(), before, stack.slice(start, end), 2);
}

/** Adds the items in a range of `stack`. @returns the first duplicate. */
export function addToSet(
  set: Set<unknown>,
  stack: readonly unknown[],
  start: number,
  end: number,
): Repeated | undefined {
  const before = set.size;
  for (let index = start; index < end; index += 1) set.add(stack[index]);
  return set.size === before + end - start ? undefined : findRepeated(set.keys(), before, stack.slice(start, end), 1);
}

/** The description of a container with the duplicate `key`. */
export function repeatedKey(container: object, key: unknown): { readonly problem: string; readonly hint: string } {
  const isSet = container instanceof Set;
  return {
    problem: `two of its ${isSet ? 'elements' : 'keys'} differ in Python and are both ${describe(key)} in JavaScript`,
    hint: `Return a list${isSet ? '' : ' of pairs'}.`,
  };
}

/** The first of `added` that is a duplicate, also of one of the first `before` items of `keys`. */
function findRepeated(
  keys: Iterable<unknown>,
  before: number,
  added: readonly unknown[],
  stride: number,
): Repeated | undefined {
  const seen = new Set([...keys].slice(0, before));
  for (let index = 0; index < added.length; index += stride) {
    const key = added[index];
    if (seen.has(key)) return { key };
    seen.add(key);
  }
  return undefined;
}

export function toMap(object: Record<string, unknown>): Map<unknown, unknown> {
  return new Map(Object.entries(object));
}

function addOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
