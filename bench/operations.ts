/**
 * What is asked of every contender: the values that cross, and what must come back before anything is timed.
 *
 * The calls themselves stand in `contenders/`; all end in the functions of `plugin/bench_plugin.py`.
 */
import { isDeepStrictEqual } from 'node:util';

export interface Operation {
  readonly title: string;
  /** Throws when what `call(step)` gave is not what Python was meant to give. */
  readonly check: (result: unknown, step: number) => void;
}

export const small = { a: 1, b: [1, 2, 3], c: 'hello' };

export const rows = Array.from({ length: 1000 }, (_, id) => ({
  id,
  name: `row number ${id}`,
  score: id + 0.25,
  ok: id % 2 === 0,
}));

/** None of them is integral: whether 3.0 stays a float is a question of types, answered elsewhere. */
export const floats = Array.from({ length: 10_000 }, (_, index) => index / 7 + 0.001);

export const raw = Uint8Array.from({ length: 256 * 1024 }, (_, index) => index % 251);

/** 16 MiB as float64. */
export const numpyLength = 2 * 1024 * 1024;

/** Items of a stream, and calls that are compared with it. */
export const streamLength = 1000;

const sumOfThousand = (streamLength * (streamLength - 1)) / 2;

export const operations = {
  add: { title: '`add(i64, i64)`', check: checkSum },
  echoSmall: { title: "`{a: 1, b: [1, 2, 3], c: 'hello'}` echoed", check: (result) => checkSame(result, small) },
  echoRows: { title: '1,000 rows `{id, name, score, ok}` echoed', check: (result) => checkSame(result, rows) },
  echoFloats: { title: '10,000 floats in a list echoed', check: (result) => checkSame(result, floats) },
  echoRaw: { title: 'raw 256 KiB echoed', check: checkRaw },
  receiveNumpy: { title: 'numpy float64 array of 16 MiB received', check: checkNumpy },
  addAsync: { title: '`add(i64, i64)` as a promise', check: checkSum },
  addCoroutine: { title: '`async def add(i64, i64)`', check: checkSum },
  streamIntegers: { title: '1,000 integers as a stream', check: checkThousand },
  callIntegers: { title: '1,000 calls of `add(i64, i64)` in turn', check: checkThousand },
  hostFunctions: { title: '1,000 calls of a host function by one call', check: checkThousand },
  streamRows: { title: '1,000 rows `{id, name, score, ok}` as a stream', check: checkThousandRows },
  callRows: { title: '1,000 calls that return a row, in turn', check: checkThousandRows },
  ping: { title: 'bare ping-pong over a socket pair with Python', check: () => {} },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

/** What every `add` of step `step` adds. The number changes with each call, so that nothing can be cached. */
export const addend = 20;

function checkSum(result: unknown, step: number): void {
  if (Number(result) !== addend + step) throw new Error(`${addend} + ${step} came back as ${String(result)}`);
}

function checkSame(result: unknown, expected: unknown): void {
  // Through JSON, because a peer may give objects without a prototype, or proxies.
  const got: unknown = JSON.parse(JSON.stringify(result) ?? 'null');
  if (!isDeepStrictEqual(got, expected)) throw new Error(`came back as ${JSON.stringify(got)?.slice(0, 80)}`);
}

function checkThousand(result: unknown): void {
  if (Number(result) !== sumOfThousand) throw new Error(`the sum of the items came back as ${String(result)}`);
}

function checkThousandRows(result: unknown): void {
  const { count, last } = result as { readonly count: number; readonly last: unknown };
  if (count !== streamLength) throw new Error(`${count} rows came back`);
  checkSame(last, rows.at(-1));
}

function checkRaw(result: unknown): void {
  const bytes = result instanceof ArrayBuffer ? new Uint8Array(result) : result;
  if (!(bytes instanceof Uint8Array)) throw new Error(`came back as ${Object.prototype.toString.call(result)}`);
  if (Buffer.compare(bytes, raw) !== 0) throw new Error(`came back as ${bytes.length} other bytes`);
}

function checkNumpy(result: unknown): void {
  const values = result as ArrayLike<number>;
  for (const index of [0, 1, 12_345, numpyLength - 1]) {
    if (values[index] !== index) throw new Error(`element ${index} came back as ${values[index]}`);
  }
  if (values.length !== numpyLength) throw new Error(`came back with ${values.length} elements`);
}
