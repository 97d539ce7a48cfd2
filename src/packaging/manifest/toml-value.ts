import { TomlDate } from 'smol-toml';

/**
 * The form of a TOML value for a host: tables as plain objects, integers as `number` when safe and as `bigint` beyond
 * 2^53, offset date-times as `Date`, local dates and times (which JavaScript has no type for) as their TOML text.
 */
export type TomlData =
  | string
  | number
  | bigint
  | boolean
  | Date
  | readonly TomlData[]
  | { readonly [key: string]: TomlData };

/** Reports what cannot be converted: `keys` lead to the value. */
export type ReportTomlProblem = (keys: readonly string[], message: string) => void;

// The parser limits inline nesting to 1,000 levels but not the length of a table header such as `[a.a.a…]`; and each key below
// such a header costs its depth.
const maxDepth = 100;

const smallestInteger = -(2n ** 63n);
const largestInteger = 2n ** 63n - 1n;

/** Converts what the parser gave with `integersAsBigInt: true`. */
export function toTomlData(value: unknown, keys: readonly string[], report: ReportTomlProblem): TomlData {
  if (keys.length > maxDepth) {
    report(keys.slice(0, 4), `must not be nested deeper than ${maxDepth} levels`);
    return '';
  }
  if (typeof value === 'bigint') {
    // TOML promises 64 bits, and the Rust reader refuses more.
    if (value < smallestInteger || value > largestInteger) report(keys, 'must fit in a signed integer of 64 bits');
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (value instanceof TomlDate) return value.isLocal() ? value.toISOString() : new Date(value);
  if (Array.isArray(value)) return value.map((item, index) => toTomlData(item, [...keys, String(index)], report));
  if (typeof value === 'object' && value !== null) {
    const table: { [key: string]: TomlData } = {};
    for (const [key, item] of Object.entries(value)) {
      const data = toTomlData(item, [...keys, key], report);
      // Defined, not assigned: a key called `__proto__` is data.
      Object.defineProperty(table, key, { value: data, enumerable: true, writable: true, configurable: true });
    }
    return table;
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(`The TOML parser gave a ${typeof value}`);
}
