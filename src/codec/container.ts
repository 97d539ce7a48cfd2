import { types } from 'node:util';
import { describe } from '../errors/options.ts';
import { pathStep } from './value-problem.ts';

/** A container that is being walked, item by item. */
export interface Container {
  readonly kind: 'list' | 'dict' | 'map' | 'set';
  readonly source: object;
  /** The items of a list or a set, the keys of a dict, keys and values in turn of a map. */
  readonly items: readonly unknown[];
  /** Index into {@link items} of what comes next. */
  next: number;
}

/** Begins to walk `value`, if it is one of the containers that have a counterpart in Python. */
export function openContainer(value: object): Container | undefined {
  if (Array.isArray(value)) return { kind: 'list', source: value, items: value, next: 0 };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return openDict(value);
  if (types.isMap(value)) return { kind: 'map', source: value, items: keysAndValues(value), next: 0 };
  if (types.isSet(value)) return { kind: 'set', source: value, items: [...Set.prototype.values.call(value)], next: 0 };
  return isForeignObjectPrototype(prototype) ? openDict(value) : undefined;
}

/** Where the item sits that was taken last, as a step of a path. */
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
  // Of the engine: the iterator of a subclass may repeat keys, or never end.
  Map.prototype.forEach.call(map, (value, key) => {
    items.push(key, value);
  });
  return items;
}

function openDict(value: object): Container {
  return { kind: 'dict', source: value, items: Object.keys(value), next: 0 };
}

/** True for the `Object.prototype` of another realm: of a `vm` context, of a test runner that makes its own. */
function isForeignObjectPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  );
}
