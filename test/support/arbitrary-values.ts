import fc from 'fast-check';

/** What holds nothing else, and comes back from Python as it was. */
export const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.bigInt().filter((value) => !Number.isSafeInteger(Number(value))),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
);

/** Keys of a Map as JavaScript tells them apart: from few values in many types, so that some are one key in Python. */
export const key = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, false, 0, -0, 1, 1.5, NaN, Infinity, 2 ** 53, 2 ** 60, 1e300, -1),
  fc.constantFrom<unknown>(0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 60n, BigInt(1e300), '', '1', 'true', 'None'),
  fc.constantFrom([], [1], [255], [1, 2]).map((items) => Uint8Array.from(items)),
  fc.constantFrom([], [1], [-1]).map((items) => Int8Array.from(items)),
  fc.constantFrom(0, 1, 1e12).map((time) => new Date(time)),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
);

// Keys as they are in JSON or in a hostile one; a Map must have a key that no object can have, or it comes back as one.
const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '1', ''));

/** Nested data that comes back from Python as it was. */
export const { data } = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('data'), { maxLength: 6 }),
    fc
      .array(fc.tuple(name, tie('data')), { maxLength: 6 })
      .map((entries) => plainObject(entries as [string, unknown][])),
    fc
      .array(fc.tuple(fc.oneof(fc.integer(), fc.string()), tie('data')), { maxLength: 6 })
      .map((entries) => new Map<unknown, unknown>([[null, 'not a name'], ...(entries as [unknown, unknown][])])),
    fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 6 }).map((items) => new Set(items)),
  ),
}));

/** Data that can be written down as a literal of Python. */
export const { literal } = fc.letrec<{ literal: unknown }>((tie) => ({
  literal: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('literal'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('literal'), { maxKeys: 4 }),
  ),
}));

function plainObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}
