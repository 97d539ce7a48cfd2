import { TomlDate } from 'smol-toml';
import type { ManifestIssue } from '../../errors/package-errors.ts';
import { hasControls, shown } from '../../errors/shown.ts';
import { nearestPosition, type TextPosition, toPointer } from './toml-positions.ts';

/** A hostile document could have any number of problems. */
const mostIssues = 32;

/** Collects the problems of one document with their positions in the text: one for each value, up to a limit. */
export class IssueCollector {
  readonly #list: ManifestIssue[] = [];
  readonly #reported = new Set<string>();
  readonly #findPlaces: () => ReadonlyMap<string, TextPosition>;
  #places: ReadonlyMap<string, TextPosition> | undefined;
  #more = 0;

  /** @param findPlaces called at most once, and only if there is an issue. */
  constructor(findPlaces: () => ReadonlyMap<string, TextPosition>) {
    this.#findPlaces = findPlaces;
  }

  get count(): number {
    return this.#list.length;
  }

  /** The reported issues. The last one contains the number of further issues. */
  get list(): readonly ManifestIssue[] {
    if (this.#more === 0) return this.#list;
    return [...this.#list, { path: '', message: `has ${this.#more} more problems` }];
  }

  report(keys: readonly PropertyKey[], message: string): void {
    if (this.#list.length === mostIssues) {
      this.#more += 1;
      return;
    }
    const path = toPointer(keys);
    if (this.#reported.has(path)) return;
    this.#reported.add(path);
    this.#places ??= this.#findPlaces();
    this.#list.push({ path: shown(path), message, ...nearestPosition(this.#places, path) });
  }
}

/**
 * Reads an untrusted table key by key. A problem becomes an issue, and a placeholder is returned so that reading
 * continues with the next key. Unknown keys are ignored, because the format allows them everywhere.
 */
export class TableReader {
  readonly #table: object;
  readonly #keys: readonly string[];
  readonly #issues: IssueCollector;

  constructor(table: object, keys: readonly string[], issues: IssueCollector) {
    this.#table = table;
    this.#keys = keys;
    this.#issues = issues;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#table, key);
  }

  value(key: string): unknown {
    return this.has(key) ? Reflect.get(this.#table, key) : undefined;
  }

  /** The table at `key`; nothing, without an issue, when the document does not have it. */
  table(key: string): TableReader | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new TableReader(value, [...this.#keys, key], this.#issues);
    this.#wrong(key, 'a table', value);
    return new TableReader({}, [...this.#keys, key], new IssueCollector(() => new Map()));
  }

  /** The tables of an array such as `[[keys]]`; none when the document does not have it. */
  tables(key: string): readonly TableReader[] {
    const value = this.value(key);
    if (value === undefined) return [];
    const isArray = Array.isArray(value) && value.every(isTable);
    if (!isArray) this.#wrong(key, 'an array of tables', value);
    return isArray
      ? value.map((table, index) => new TableReader(table, [...this.#keys, key, String(index)], this.#issues))
      : [];
  }

  /** Reports every key but these: for documents in which a misspelt key would be dangerous. */
  allowOnly(known: readonly string[]): void {
    for (const key of Object.keys(this.#table)) {
      if (!known.includes(key)) this.report(key, `is not a known key, expected one of ${known.join(', ')}`);
    }
  }

  string(key: string): string;
  string<Default>(key: string, whenAbsent: Default): string | Default;
  string(key: string, ...whenAbsent: readonly unknown[]): unknown {
    const value = this.value(key);
    if (typeof value === 'string') return value;
    if (value === undefined && whenAbsent.length > 0) return whenAbsent[0];
    this.#wrong(key, 'a string', value);
    return '';
  }

  /** A string that can be shown in one line: without control characters. */
  line(key: string): string;
  line<Default>(key: string, whenAbsent: Default): string | Default;
  line(key: string, ...whenAbsent: readonly unknown[]): unknown {
    const value = whenAbsent.length === 0 ? this.string(key) : this.string(key, whenAbsent[0]);
    if (typeof value !== 'string' || !hasControls(value)) return value;
    this.report(key, 'must not contain control characters or marks of text direction');
    return '';
  }

  strings(key: string): readonly string[] {
    const value = this.value(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.#wrong(key, 'an array of strings', value);
      return [];
    }
    return value.filter((item, index) => {
      if (typeof item !== 'string') {
        this.#issues.report([...this.#keys, key, index], `must be a string, is ${nameTomlType(item)}`);
      }
      return typeof item === 'string';
    });
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(key: string): number {
    const value = this.value(key);
    if (typeof value !== 'bigint') this.#wrong(key, 'an integer', value);
    else if (value >= 0n && value <= 0xffff_ffffn) return Number(value);
    else this.#issues.report([...this.#keys, key], `must be between 0 and 4294967295, is ${shorten(value)}`);
    return 0;
  }

  report(key: string, message: string): void {
    this.#issues.report([...this.#keys, key], message);
  }

  #wrong(key: string, expected: string, value: unknown): void {
    this.report(
      key,
      value === undefined ? `is missing, must be ${expected}` : `must be ${expected}, is ${nameTomlType(value)}`,
    );
  }
}

/** True for what the parser makes of a table: neither an array nor a date, which are objects too. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function nameTomlType(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date or time';
  if (typeof value === 'bigint') return 'an integer';
  if (typeof value === 'number') return 'a float';
  return typeof value === 'object' ? 'a table' : `a ${typeof value}`;
}

function shorten(value: bigint): string {
  const text = String(value);
  return text.length > 24 ? `${text.slice(0, 20)}… (${text.length} digits)` : text;
}

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
type ReportTomlProblem = (keys: readonly string[], message: string) => void;

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
  throw new TypeError(`The TOML parser returned a ${typeof value}`);
}
