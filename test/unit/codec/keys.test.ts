import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeValue } from '../../../src/codec/pickle/encode-value.ts';
import { key } from '../../support/arbitrary-values.ts';
import { failureOf } from '../../support/failure.ts';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const noon = '2024-01-01T12:00:00.000Z';

describe('keys that are one key in Python', () => {
  it.each<[string, unknown, unknown, string]>([
    ['1 and true', 1, true, '1 (keys()[0]) and true (keys()[1])'],
    ['0 and false', false, 0, 'false (keys()[0]) and 0 (keys()[1])'],
    ['1 and 1n', 1, 1n, '1 (keys()[0]) and 1n (keys()[1])'],
    ['1n and true', 1n, true, '1n (keys()[0]) and true (keys()[1])'],
    ['-0 and 0n', -0, 0n, '0 (keys()[0]) and 0n (keys()[1])'],
    ['a float and a bigint of one value', 2 ** 60, 2n ** 60n, '(keys()[0]) and 1152921504606846976n (keys()[1])'],
    ['a huge float and its bigint', 1e300, BigInt(1e300), '1e+300 (keys()[0])'],
    ['null and undefined', null, undefined, 'null (keys()[0]) and undefined (keys()[1])'],
    [
      'bytes of one content',
      bytes(1),
      Buffer.from([1]),
      'an instance of Uint8Array (keys()[0]) and an instance of Buffer',
    ],
    ['bytes and a buffer', bytes(1), bytes(1).buffer, 'an instance of ArrayBuffer (keys()[1])'],
    ['bytes and a view', new DataView(bytes(1, 2).buffer, 1), bytes(2), 'an instance of DataView (keys()[0])'],
    ['bytes and small integers', bytes(1), Int8Array.of(1), 'an instance of Int8Array (keys()[1])'],
    ['negative small integers', Int8Array.of(-1), Int8Array.of(-1), 'an instance of Int8Array (keys()[1])'],
    ['empty bytes of two kinds', bytes(), Int8Array.of(), 'an instance of Int8Array (keys()[1])'],
    ['dates of one moment', new Date(noon), new Date(noon), `the date ${noon} (keys()[0]) and the date ${noon}`],
  ])('are refused with both of them: %s', async (_what, first, second, problem) => {
    const inMap = await failureOf(() => encodeValue([new Map([[first, 'a'] as const, [second, 'b'] as const])]));
    const inSet = await failureOf(() => encodeValue({ a: new Set([first, second]) }));

    expect(inMap).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      hint: 'Pass keys that differ as Python values, or pass an array of pairs.',
    });
    expect(inMap.message).toContain('Cannot pass value[0] to Python: two of its keys are equal in Python: ');
    expect(inMap.message).toContain(problem);
    expect(inSet).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      hint: 'Pass elements that differ as Python values, or pass an array.',
    });
    expect(inSet.message).toContain('Cannot pass value.a to Python: two of its elements are equal in Python: ');
    expect(inSet.message).toContain(problem.replaceAll('keys()', 'values()'));
  });

  it('are refused among many others, wherever they are', async () => {
    const keys = [...Array.from({ length: 5000 }, (_, index) => index), 'a', 4711n];

    const error = await failureOf(() => encodeValue(new Map(keys.map((each) => [each, 0]))));

    expect(error.message).toContain('4711 (keys()[4711]) and 4711n (keys()[5001])');
  });

  it('come from no iterator of a subclass: only what the Map and the Set hold is sent', () => {
    class Twice extends Map<string, number> {
      override *[Symbol.iterator](): MapIterator<[string, number]> {
        yield* super.entries();
        yield* super.entries();
      }
    }
    class Endless extends Set<string> {
      override *[Symbol.iterator](): SetIterator<string> {
        for (;;) yield 'again';
      }
    }

    expect(encodeValue(new Twice([['a', 1]]))).toEqual(encodeValue(new Map([['a', 1]])));
    expect(encodeValue(new Endless(['a']))).toEqual(encodeValue(new Set(['a'])));
  });
});

describe('a key that Python cannot hash', () => {
  it.each<[string, unknown, string, string]>([
    ['an array', [1, 2], 'an array of 2', 'list'],
    ['an object', { a: 1 }, 'an object', 'dict'],
    ['a Map', new Map(), 'an instance of Map', 'dict'],
    ['a Set', new Set(), 'an instance of Set', 'set'],
    ['a typed array', Float64Array.of(1), 'an instance of Float64Array', 'memoryview of items larger than a byte'],
  ])('is refused with its place: %s', async (_what, unhashable, described, counterpart) => {
    const inMap = await failureOf(() =>
      encodeValue({
        table: new Map<unknown, unknown>([
          ['a', 1],
          [unhashable, 2],
        ]),
      }),
    );
    const inSet = await failureOf(() => encodeValue([new Set([unhashable])]));

    expect(inMap).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: `Cannot pass value.table.keys()[1] to Python: ${described} cannot be a key of a dict, because a ${counterpart} has no hash in Python`,
      hint: 'Use a string or a number as the key, or pass an array of pairs.',
    });
    expect(inSet).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: `Cannot pass value[0].values()[0] to Python: ${described} cannot be an element of a set, because a ${counterpart} has no hash in Python`,
      hint: 'Use a string or a number as the element, or pass an array.',
    });
  });

  it('is refused with its place when its memory was transferred', async () => {
    const view = bytes(1);
    structuredClone(view, { transfer: [view.buffer] });

    const error = await failureOf(() =>
      encodeValue(
        new Map<unknown, unknown>([
          ['a', 1],
          [view, 2],
        ]),
      ),
    );

    expect(error.message).toContain('Cannot pass value.keys()[1] to Python: its memory was transferred');
  });
});

describe.each(findPythons())('any keys, for CPython $version', (python) => {
  let peer: ValuePeer;
  beforeAll(() => {
    peer = new ValuePeer(python);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('cross when they are different keys there, and are refused when they are not', () =>
    fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 8 }), async (candidates) => {
        const keys = [...new Set(candidates)];
        const count = await peer.evaluate('len({each: None for each in arg})', [keys]);
        const map = new Map(keys.map((each, index) => [each, index]));

        const inMap = await peer.evaluate('[len(arg), *arg.values()]', [map]).catch((error: Error) => error.message);
        const inSet = await peer.evaluate('len(arg)', [new Set(keys)]).catch((error: Error) => error.message);

        const clash = expect.stringContaining('are equal in Python: ');
        const crossed = [[keys.length, ...keys.keys()], keys.length];
        expect([inMap, inSet]).toEqual(count === keys.length ? crossed : [clash, clash]);
      }),
      { numRuns: 300 },
    ));
});
