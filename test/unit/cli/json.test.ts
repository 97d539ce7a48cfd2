import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, toJson } from '../../../src/cli/output/json.ts';

/** Whatever a plugin may return, keys that mean something to the notation included. */
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.integer(),
    fc.double(),
    fc.bigInt().filter((number) => !Number.isSafeInteger(Number(number))),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$bytes', '$$map', '$float', '$set', '__proto__')),
      tie('value'),
      {
        noNullPrototype: true,
      },
    ),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((items) => new Set(items)),
  ),
}));

describe('JSON of the command line', () => {
  it('returns every value unchanged', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(fromJson(toJson(value))).toEqual(value);
      }),
    );
  });

  it('is valid JSON', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(() => JSON.parse(toJson(value)) as unknown).not.toThrow();
      }),
    );
  });

  it('has one form for each kind of value that JSON lacks', () => {
    const record = {
      missing: undefined,
      big: 2n ** 64n,
      date: new Date(0),
      bytes: Buffer.from('hi'),
      numbers: new Float64Array([0.5, Number.NaN]),
      map: new Map([[1, 'one']]),
      set: new Set([-(2n ** 53n)]),
      lookalike: { $bytes: 'not bytes' },
    };

    expect(toJson(record, { indent: 0 })).toBe(
      `{"missing":null,"big":18446744073709551616,"date":"1970-01-01T00:00:00.000Z","bytes":{"$bytes":"aGk="},` +
        `"numbers":[0.5,{"$float":"NaN"}],"map":{"$map":[[1,"one"]]},"set":{"$set":[-9007199254740992]},` +
        `"lookalike":{"$$bytes":"not bytes"}}\n`,
    );
  });

  it.each<[string, unknown]>([
    ['18446744073709551615', 18446744073709551615n],
    ['[-9007199254740993,9007199254740991]', [-9007199254740993n, 9007199254740991]],
    ['{"id":12345678901234567890}', { id: 12345678901234567890n }],
    ['"12345678901234567890"', '12345678901234567890'],
    ['0.12345678901234567890', 0.12345678901234568],
    ['12345678901234567890.5', 12345678901234567000],
    ['1e0000000000000000001', 10],
    ['12345678901234500e-17', 0.123456789012345],
    ['{"$float":"7"}', { $float: '7' }],
    ['{"$bytes":1}', { $bytes: 1 }],
  ])('reads %s', (text, value) => {
    expect(fromJson(text)).toEqual(value);
  });

  it.each([[''], ['World'], ["'x'"], ['{1:2}'], ['{12345678901234567890:2}'], ['[1,]'], ['{"$map":[1]}']])(
    'refuses %s',
    (text) => {
      expect(() => fromJson(text)).toThrow(Error);
    },
  );
});
