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

/**
 * Calls `visit` once for each object that containers connect to `root`, depth first, until it returns `true`. `open`
 * are the containers around the object, outermost first.
 */
export function walkValue(root: unknown, visit: (value: object, open: readonly Container[]) => boolean): void {
  const seen = new Set<object>();
  const open: Container[] = [];
  let item = root;
  for (;;) {
    if (typeof item === 'object' && item !== null && !seen.has(item)) {
      if (visit(item, open)) return;
      seen.add(item);
      const container = openContainer(item);
      if (container !== undefined) open.push(container);
    }
    let container = open[open.length - 1];
    while (container !== undefined && container.next >= container.items.length) {
      open.pop();
      container = open[open.length - 1];
    }
    if (container === undefined) return;
    item = container.items[container.next++];
    if (container.kind === 'dict') item = (container.source as Record<string, unknown>)[item as string];
  }
}

/** The path from `root` to `target` (`''` for the root itself), or `undefined` when `target` is not part of `root`. */
export function pathTo(root: unknown, target: object): string | undefined {
  let path: string | undefined;
  walkValue(root, (value, open) => {
    if (value !== target) return false;
    path = open.map(stepOf).join('');
    return true;
  });
  return path;
}
