import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { decodeValue } from '../../../src/codec/pickle/decode-value.ts';
import { encodeValue } from '../../../src/codec/pickle/encode-value.ts';
import { PickleWriter } from '../../../src/codec/pickle/pickle-writer.ts';
import { writeUntypedArguments } from '../../../src/codec/untyped-codec.ts';
import { failureOf } from '../../support/failure.ts';

class Account {
  balance = 1;
}

describe('a value without a counterpart in Python', () => {
  it.each<[string, unknown, string]>([
    ['a function', () => 1, 'a function has no counterpart in Python'],
    ['a symbol', Symbol('s'), 'a symbol has no counterpart in Python'],
    ['an instance of a class', new Account(), 'an instance of Account has no counterpart in Python'],
    ['an error', new TypeError('x'), 'an instance of TypeError has no counterpart in Python'],
    ['a promise', Promise.resolve(1), 'an instance of Promise has no counterpart in Python'],
    ['a boxed number', Object(1), 'an instance of Number has no counterpart in Python'],
    ['a boxed string', Object('a'), 'an instance of String has no counterpart in Python'],
    ['a boxed bigint', Object(1n), 'an instance of BigInt has no counterpart in Python'],
    ['a generator', (function* () {})(), 'a generator has no counterpart in Python'],
    ['a proxy of a Map', new Proxy(new Map(), {}), 'a proxy has no counterpart in Python'],
    ['a proxy of bytes', new Proxy(Uint8Array.of(1), {}), 'a proxy has no counterpart in Python'],
    ['a URL', new URL('http://a/'), 'an instance of URL has no counterpart in Python'],
    ['a regular expression', /a/, 'an instance of RegExp has no counterpart in Python'],
    ['an object that inherits from another', Object.create({ a: 1 }), 'an object has no counterpart in Python'],
    ['a lone surrogate', 'a\ud800', 'the string contains a lone surrogate, which is not valid text'],
    ['the same in a long string', `${'x'.repeat(100)}\udfff`, 'the string contains a lone surrogate'],
    ['an invalid date', new Date(NaN), 'the date is invalid'],
    ['a date before Python', new Date('-000001-01-01'), 'the date -000001-01-01T00:00:00.000Z lies outside the years'],
    ['a date after Python', new Date(253_402_300_800_000), 'the date +010000-01-01T00:00:00.000Z lies outside'],
    ['memory that was transferred', transferred(Uint8Array.from([1])), 'its memory was transferred'],
    ['a float array that was transferred', transferred(Float64Array.from([1])), 'its memory was transferred'],
    ['a buffer that was transferred', transferred(Uint8Array.from([1])).buffer, 'its memory was transferred'],
    ['a view that was transferred', transferred(new DataView(new ArrayBuffer(1))), 'its memory was transferred'],
  ])('is refused: %s', async (_what, value, problem) => {
    const error = await failureOf(() => encodeValue(value));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toContain(`Cannot pass value to Python: ${problem}`);
  });

  it.each<[string, unknown, string]>([
    ['an array', [0, [1, Symbol('s')]], 'value[1][1]'],
    ['an object', { rows: [{}, { price: () => 1 }] }, 'value.rows[1].price'],
    ['a name that is no identifier', { 'unit price': { ñ: Symbol('s') } }, 'value["unit price"].ñ'],
    ['a very long name', { ['x y'.repeat(100)]: Symbol('s') }, `value["${'x y'.repeat(100).slice(0, 40)}…"]`],
    ['a Map', new Map([[7, new Map([['a', Symbol('s')]])]]), 'value.get(7).get("a")'],
    [
      'a key of a Map',
      new Map([
        [0, 0],
        [Symbol('s'), 1],
      ] as [unknown, unknown][]),
      'value.keys()[1]',
    ],
    ['a Set', new Set([1, () => 1]), 'value.values()[1]'],
  ])('is named by its path in %s', async (_what, value, path) => {
    const error = await failureOf(() => encodeValue(value));

    expect(error.message).toMatch(`Cannot pass ${path} to Python: `);
  });

  it('is named by its path below an argument, with what to do', async () => {
    const writer = new PickleWriter();
    writer.begin();

    const error = await failureOf(() => writeUntypedArguments(writer, [1, { rows: [new Account()] }]));

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: 'Cannot pass arguments[1].rows[0] to Python: an instance of Account has no counterpart in Python',
      hint: 'Pass a plain object with the fields that Python needs.',
    });
  });

  it('leaves the writer fit for the next value', async () => {
    await failureOf(() => encodeValue({ key: [1, Symbol('s')] }));

    const bytes = encodeValue({ key: 1 });

    expect(Buffer.from(bytes)).toEqual(Buffer.from('\x80\x05(\x8c\x03key\x94K\x01d.', 'latin1'));
  });
});

describe('a value that contains itself', () => {
  const array: unknown[] = [1];
  array.push(array);
  const object: Record<string, unknown> = {};
  object['self'] = [object];
  const map = new Map<string, unknown>();
  map.set('a', { map });
  let deep: unknown[] = [];
  const bottom = deep;
  for (let depth = 0; depth < 1000; depth += 1) deep = [deep];
  bottom.push({ deep });

  it.each<[string, unknown, string]>([
    ['an array', array, 'value[1]'],
    ['an object', { object }, 'value.object.self[0]'],
    ['a Map', map, 'value.get("a").map'],
    [
      'something at a depth',
      deep,
      `value${'[0]'.repeat(1001).slice(0, 200)}…${`${'[0]'.repeat(1001)}.deep`.slice(-100)}`,
    ],
  ])('is refused, with the way back to it: %s', async (_what, value, path) => {
    const error = await failureOf(() => encodeValue(value));

    expect(error.code).toBe('FIDIUS_VALUE_CYCLE');
    expect(error.message).toBe(`Cannot pass ${path} to Python: it contains itself, and has no finite form`);
  });
});

describe('an object that is reached by many paths', () => {
  it('is copied as often as needed', () => {
    const row = { a: 1 };
    const rows = Array.from({ length: 10_000 }, () => row);

    const bytes = encodeValue(rows);

    expect(bytes.length).toBeGreaterThan(10_000 * 4);
  });

  it('is refused when the copies would not end', async () => {
    let value: unknown[] = [];
    for (let depth = 0; depth < 60; depth += 1) value = [value, value];

    const error = await failureOf(() => encodeValue({ value }));

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: expect.stringContaining('Cannot pass value to Python: its parts refer to the same objects so often'),
    });
  });
});

describe('code of the caller that runs while a value is written', () => {
  it('may encode another value', () => {
    const value = {
      before: 'before',
      get inner() {
        return Array.from(encodeValue(['quite', 'another'])).length;
      },
      after: 'after',
    };

    const bytes = encodeValue(value);

    expect(Buffer.from(bytes)).toEqual(Buffer.from(encodeValue({ ...value })));
  });

  it('has its errors passed on as they are', () => {
    const boom = new Error('boom');
    const value = {
      get bad(): never {
        throw boom;
      },
    };

    expect(() => encodeValue([value])).toThrow(boom);
  });

  it('may make an array longer or shorter', () => {
    const array: unknown[] = [{}, 1, 2];
    Object.defineProperty(array[0], 'shrink', { enumerable: true, get: () => (array.length = 2) });

    const bytes = encodeValue(array);

    expect(bytes.at(-1)).toBe('.'.charCodeAt(0));
  });
});

describe('nesting', () => {
  it('may be endless for a getter, and is then refused', async () => {
    const endless = () => ({
      get next() {
        return endless();
      },
    });

    const error = await failureOf(() => encodeValue(endless()));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toContain('it is nested deeper than 100000 levels');
  });
});

it('PickleWriter.int() rejects a number that is not a safe integer', () => {
  const writer = new PickleWriter();
  writer.begin();

  expect(() => writer.int(2 ** 53)).toThrow(RangeError);
  expect(() => writer.int(0.5)).toThrow(RangeError);
});

it('decodeValue() does not read what encodeValue() wrote: each side reads only what the other may write', async () => {
  const error = await failureOf(() => decodeValue(encodeValue({ a: 1 })));

  expect(error.code).toBe('FIDIUS_WIRE_CORRUPT');
});

function transferred<View extends ArrayBufferView>(view: View): View {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [view.buffer as ArrayBuffer]);
  port1.close();
  port2.close();
  return view;
}
