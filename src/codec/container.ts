import { types } from 'node:util';
import { describe } from '../errors/options.ts';
import { pathStep } from './value-problem.ts';

/** A container whose items are being visited. */
export interface Container {
  readonly kind: 'list' | 'dict' | 'map' | 'set';
  readonly source: object;
  /** The items of a list or a set, the keys of a dict, alternating keys and values of a map. */
  readonly items: readonly unknown[];
  /** Index of the next item in {@link items}. */
  next: number;
}

/** Starts a visit of `value`, if it is a container that has a counterpart in Python. */
export function openContainer(value: object): Container | undefined {
  if (Array.isArray(value)) return { kind: 'list', source: value, items: value, next: 0 };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return openDict(value);
  if (types.isMap(value)) return { kind: 'map', source: value, items: keysAndValues(value), next: 0 };
  if (types.isSet(value)) return { kind: 'set', source: value, items: [...Set.prototype.values.call(value)], next: 0 };
  return isForeignObjectPrototype(prototype) ? openDict(value) : undefined;
}

/** The path step to the item that was visited last. */
export function stepOf({ kind, items, next }: Container): string {
  const index = next - 1;
  switch (kind) {
    case 'list':
      return pathStep(index);
    case 'dict':
      return pathStep(String(items[index]));
    case 'set':
      return `.values()[${index}]`;
    case 'map':
      return index % 2 === 0 ? `.keys()[${index / 2}]` : `.get(${describe(items[index - 1])})`;
  }
}

function keysAndValues(map: ReadonlyMap<unknown, unknown>): readonly unknown[] {
  const items: unknown[] = [];
  // The built-in method: the iterator of a subclass may repeat keys, or be infinite.
  Map.prototype.forEach.call(map, (value, key) => {
    items.push(key, value);
  });
  return items;
}

function openDict(value: object): Container {
  return { kind: 'dict', source: value, items: Object.keys(value), next: 0 };
}

/** True for the `Object.prototype` of another realm, such as a `vm` context or the global object of a test runner. */
function isForeignObjectPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  );
}
