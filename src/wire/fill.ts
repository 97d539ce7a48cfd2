/**
 * Adds the pairs of a part of `stack` to an object as long as their keys are strings.
 *
 * @param checked whether keys may repeat; plain `str` keys of one dict cannot.
 * @returns the index of the first pair that was not added (`end` if all were): its key is no string, or was there before.
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
    // Assigned, it would set the prototype instead of a property.
    if (key === '__proto__') addOwn(object, key, stack[index + 1]);
    else object[key] = stack[index + 1];
  }
  return end;
}

/** Adds the pairs of a part of `stack`. @returns whether all keys were new. */
export function addToMap(map: Map<unknown, unknown>, stack: readonly unknown[], start: number, end: number): boolean {
  const expected = map.size + (end - start) / 2;
  for (let index = start; index < end; index += 2) map.set(stack[index], stack[index + 1]);
  return map.size === expected;
}

/** Adds the items of a part of `stack`. @returns whether all were new. */
export function addToSet(set: Set<unknown>, stack: readonly unknown[], start: number, end: number): boolean {
  const expected = set.size + end - start;
  for (let index = start; index < end; index += 1) set.add(stack[index]);
  return set.size === expected;
}

export function toMap(object: Record<string, unknown>): Map<unknown, unknown> {
  return new Map(Object.entries(object));
}

function addOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
