import { isDeepStrictEqual as same } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPython } from '../../../src/cpython/lifecycle/start.ts';
import { createExecutor } from '../../../src/executor/create-executor.ts';
import type { Executor, ExecutorPlugin } from '../../../src/executor/executor.ts';
import { data, leaf } from '../../support/arbitrary-values.ts';
import { flipIndex, indexOf, observerRequest } from '../../support/observer.ts';
import { untypedMethod } from '../support/methods.ts';
import { observe, observer } from '../support/observer.ts';

// Not expect().toEqual(): it asks a value for its `constructor`, which may be data here.

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme' }));
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 63), 2 ** 64),
);
const bigint = fc
  .tuple(fc.bigInt(-(2n ** 4096n), 2n ** 4096n), fc.nat(4096))
  .map(([value, shift]) => value >> BigInt(shift));
const scalar = fc.oneof(fc.constant(null), fc.boolean(), number, text, fc.uint8Array({ maxLength: 600 }));

/** Asserts something of many values. */
function forAll<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void, numRuns = 500): void {
  // What an assertion of vitest returns, fast-check would take for its verdict.
  fc.assert(
    fc.property(arbitrary, (value) => {
      check(value);
    }),
    { numRuns },
  );
}

/** An integer as it comes from Python: a number if that is exact. */
function fromPython(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

describe('a value sent to the Python of this process and back', () => {
  it('is the same for any scalar', () => {
    forAll(scalar, (value) => expect(same(observe('echo', value), value)).toBe(true));
  });

  it('is the same for nested data', () => {
    forAll(data, (value) => expect(same(observe('echo', value), value)).toBe(true), 200);
  });

  it('is the same alone, where it crosses by itself, and in a list, where it is encoded', () => {
    forAll(fc.oneof(leaf, bigint), (value) => {
      const [encoded] = observe('echo', [value]) as [unknown];
      expect(same(observe('echo', value), encoded)).toBe(true);
    });
  });

  it('is the same among many arguments, whichever of them are scalars', () => {
    forAll(fc.tuple(leaf, data), (values) => {
      const result = observe('evaluate_with', '[*args]', ...values);
      expect(same(result, values)).toBe(true);
    });
  });

  it('is the same for integers up to 2^4096 either way, and Python calculates with them', () => {
    forAll(fc.tuple(bigint, bigint), ([a, b]) => {
      expect(same(observe('echo', a), fromPython(a))).toBe(true);
      expect(same(observe('add', a, b), fromPython(a + b))).toBe(true);
    });
  });

  it('is the same for raw bytes', () => {
    forAll(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(same(observer().callRaw(flipIndex, bytes), bytes.toReversed())).toBe(true);
    });
  });
});

describe('a value that Python makes', () => {
  it('is exact for integers around every power of two', () => {
    forAll(fc.tuple(fc.nat(4096), fc.integer({ min: -3, max: 3 }), fc.boolean()), ([power, offset, negative]) => {
      const value = (2n ** BigInt(power) + BigInt(offset)) * (negative ? -1n : 1n);
      expect(same(observe('evaluate', String(value)), fromPython(value))).toBe(true);
    });
  });

  it.each(['7ff8000000000000', 'fff8000000000000', '7ff0000000000001', 'fff123456789abcd'])(
    'is NaN for the float of the bits %s',
    (bits) => {
      const value = `__import__("struct").unpack(">d", bytes.fromhex("${bits}"))[0]`;

      expect(observe('evaluate', value)).toBeNaN();
      expect(observe('evaluate', `[${value}]`)).toEqual([Number.NaN]);
    },
  );

  it('is the same float, bit for bit, for any bits that are a number', () => {
    forAll(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
      const [value] = new Float64Array(BigUint64Array.of(bits).buffer) as unknown as [number];
      const hex = bits.toString(16).padStart(16, '0');
      const came = observe('evaluate', `__import__("struct").unpack(">d", bytes.fromhex("${hex}"))[0]`);
      expect(same(came, value)).toBe(true);
    });
  });
});

/** Around the 64 KiB from which on a buffer is not copied to be encoded. */
const sizes = [0, 1, 65_535, 65_536, 65_537, 300_000];

it('is in no frame that code of a plugin can see while it is a view of memory of the host', () => {
  const frame = '__import__("sys")._getframe()';
  const walk = `(lambda walk: walk(walk, ${frame}))(lambda w, f: [] if f is None else [f] + w(w, f.f_back))`;
  const holders = '[f.f_code.co_name for f in frames if any(isinstance(v, memoryview) for v in f.f_locals.values())]';
  const source = `(lambda frames: (len(frames) > 3, ${holders}))(${walk})`;

  // The list among the arguments has them encoded.
  expect(observe('evaluate_with', source, [1])).toEqual([true, []]);
});

describe('large buffers', () => {
  const numbers = (count: number) => `__import__("array").array("d", range(${count}))`;

  it.each(sizes)('of %i bytes, or nearly, are exact: arrays, views that can be written to and others', (size) => {
    const count = Math.floor(size / 8);
    const array = numbersOf(count);

    expect(observe('evaluate', numbers(count))).toEqual(array);
    expect(observe('evaluate', `memoryview(${numbers(count)}).toreadonly()`)).toEqual(array);
    expect(observe('evaluate', `bytearray(b"x" * ${size})`)).toEqual(new Uint8Array(size).fill(120));
    expect(observe('evaluate', `b"x" * ${size}`)).toEqual(new Uint8Array(size).fill(120));
  });

  it('are exact among other values, in any order', () => {
    const part = fc.oneof(
      fc.constantFrom(...sizes).map((size) => ({ source: numbers(size >> 3), value: numbersOf(size >> 3) })),
      fc.constantFrom(...sizes).map((size) => ({ source: `"é" * ${size >> 1}`, value: 'é'.repeat(size >> 1) })),
      fc.constantFrom(...sizes).map((size) => ({ source: `b"b" * ${size}`, value: new Uint8Array(size).fill(98) })),
      fc.integer().map((value) => ({ source: String(value), value })),
    );
    forAll(
      fc.array(part, { maxLength: 7 }),
      (parts) => {
        const result = observe('evaluate', `[${parts.map(({ source }) => source).join(', ')}]`);
        expect(
          same(
            result,
            parts.map(({ value }) => value),
          ),
        ).toBe(true);
      },
      60,
    );
  });

  it('that occur twice are read once', () => {
    const [first, second] = observe('evaluate', `(lambda a: [a, a])(${numbers(20_000)})`) as [
      Float64Array,
      Float64Array,
    ];

    expect(second).toEqual(numbersOf(20_000));
    expect(first).toEqual(second);
  });

  it('are not kept in Python', () => {
    // A bytearray with an exported buffer cannot be resized.
    observe('execute', 'import builtins; builtins.exported = bytearray(100_000)');
    observe('evaluate', 'memoryview(__import__("builtins").exported).cast("d")');

    expect(observe('evaluate', '__import__("builtins").exported.append(1)')).toBe(null);
    observe('execute', 'import builtins; del builtins.exported');
  });
});

function numbersOf(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => index);
}

describe('a value sent to the threads of Python and back', () => {
  let executor: Executor;
  let plugin: ExecutorPlugin;
  beforeAll(async () => {
    executor = createExecutor('thread', startPython());
    plugin = await executor.load(observerRequest);
  });
  afterAll(() => executor.close());

  it('is the same as on this thread', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(data, bigint, scalar), async (value) => {
        expect(same(await plugin.call(untypedMethod(indexOf('echo')), [value]), observe('echo', value))).toBe(true);
      }),
      { numRuns: 200 },
    ));
});
