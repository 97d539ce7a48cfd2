import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IntegralFloat } from '../../../src/codec/intermediate-values.ts';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

const definitions = `
import array, collections, ctypes, dataclasses, datetime, decimal, enum, fractions, mmap, pathlib, typing, uuid

class Text(str):
    def __str__(self):
        return "something else"

class Number(int): pass
class Ratio(float): pass
class Rows(list): pass
class Blob(bytes): pass
class Buffer(bytearray): pass
class Table(dict): pass
class Names(frozenset): pass
Pair = collections.namedtuple("Pair", "left right")
class Color(enum.Enum):
    RED = "red"
    BOTH = ("red", 1)
class Level(enum.IntEnum):
    LOW = 1
class Flags(enum.Flag):
    A = 1
    B = 2
@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.5
    count: typing.ClassVar[int] = 3
@dataclasses.dataclass(frozen=True)
class Line:
    start: Point
    __slots__ = ("start",)
shared = {"a": [1]}
many = {str(i): i for i in range(2500)}
mixed = {**many, 5: "five"}
`;

describe.each(findPythons())('what CPython $version sends', (python) => {
  let peer: ValuePeer;
  beforeAll(async () => {
    peer = new ValuePeer(python);
    await peer.evaluate(definitions);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  const cases: [string, unknown][] = [
    ['None', null],
    ['True', true],
    ['255', 255],
    ['-1', -1],
    ['2**31', 2 ** 31],
    ['-2**31 - 1', -(2 ** 31) - 1],
    ['2**53 - 1', Number.MAX_SAFE_INTEGER],
    ['1 - 2**53', Number.MIN_SAFE_INTEGER],
    ['2**53', 2n ** 53n],
    ['-2**53', -(2n ** 53n)],
    ['2**53 + 1', 2n ** 53n + 1n],
    ['2**63', 2n ** 63n],
    ['-2**64 - 1', -(2n ** 64n) - 1n],
    ['0.1', 0.1],
    ['3.0', 3],
    ['-0.0', -0],
    ['float("nan")', NaN],
    ['float("-inf")', -Infinity],
    ['1e300', 1e300],
    ['""', ''],
    ['"naïve 😀"', 'naïve 😀'],
    ['"x" * 70_000', 'x'.repeat(70_000)],
    [String.raw`"\ufffd replacement"`, '\ufffd replacement'],
    [String.raw`b"\x00\xff"`, Uint8Array.from([0, 255])],
    ['bytearray(b"ab")', Uint8Array.from([97, 98])],
    ['memoryview(b"abc")[1:]', Uint8Array.from([98, 99])],
    ['[1, (2, ()), [3]]', [1, [2, []], [3]]],
    ['(1, 2, 3, 4)', [1, 2, 3, 4]],
    ['Pair(1, "b")', [1, 'b']],
    ['{}', {}],
    ['{"b": 1, "a": {"c": None}}', { b: 1, a: { c: null } }],
    ['{1: "a", "b": 2}', new Map<unknown, unknown>().set(1, 'a').set('b', 2)],
    ['{None: 1, (1, 2): 3}', new Map<unknown, unknown>().set(null, 1).set([1, 2], 3)],
    ['many', Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [index, index]))],
    ['{1, "a"}', new Set([1, 'a'])],
    ['set()', new Set()],
    ['frozenset({1})', new Set([1])],
    ['list(range(2500))', Array.from({ length: 2500 }, (_, index) => index)],
    ['array.array("d", [1, 0.5])', Float64Array.from([1, 0.5])],
    ['array.array("f", [1, 0.5])', Float32Array.from([1, 0.5])],
    ['array.array("b", [-1])', Int8Array.from([-1])],
    ['array.array("B", [1])', Uint8Array.from([1])],
    ['array.array("h", [-2])', Int16Array.from([-2])],
    ['array.array("H", [2])', Uint16Array.from([2])],
    ['array.array("i", [-3])', Int32Array.from([-3])],
    ['array.array("I", [3])', Uint32Array.from([3])],
    ['array.array("q", [-4])', BigInt64Array.from([-4n])],
    ['array.array("Q", [2**64 - 1])', BigUint64Array.from([2n ** 64n - 1n])],
    ['array.array("d")', new Float64Array()],
    ['memoryview(array.array("h", range(6)))[::2]', Int16Array.from([0, 2, 4])],
    [
      'memoryview(bytes(range(6))).cast("B", (2, 3))',
      { dtype: 'uint8', shape: [2, 3], data: Uint8Array.from([0, 1, 2, 3, 4, 5]) },
    ],
    [
      'memoryview(array.array("d", [1, 2])).cast("B").cast("d", (2, 1))',
      { dtype: 'float64', shape: [2, 1], data: Float64Array.from([1, 2]) },
    ],
    [String.raw`memoryview(b"\x00\x01").cast("?")`, [false, true]],
    ['(ctypes.c_double * 2)(1, 2)', Float64Array.from([1, 2])],
    ['Text("ab")', 'ab'],
    ['Number(7)', 7],
    ['Ratio(7.5)', 7.5],
    ['Blob(b"a")', Uint8Array.from([97])],
    ['Buffer(b"a")', Uint8Array.from([97])],
    ['Rows([1])', [1]],
    ['Table(a=1)', { a: 1 }],
    ['collections.OrderedDict(b=1, a=2)', { b: 1, a: 2 }],
    ['collections.defaultdict(list, a=[1])', { a: [1] }],
    ['collections.Counter("aab")', { a: 2, b: 1 }],
    ['Names({1})', new Set([1])],
    ['Color.RED', 'red'],
    ['Color.BOTH', ['red', 1]],
    ['Level.LOW', 1],
    ['Flags.A | Flags.B', 3],
    ['{Color.RED: Level.LOW}', { red: 1 }],
    ['Point(1, 2)', { x: 1, y: 2 }],
    ['[Line(Point(1)), Point(None)]', [{ start: { x: 1, y: 0.5 } }, { x: null, y: 0.5 }]],
    ['datetime.datetime(2024, 2, 29, 1, 2, 3)', '2024-02-29 01:02:03'],
    ['datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)', '2024-02-29 00:00:00+00:00'],
    ['datetime.date(2024, 2, 29)', '2024-02-29'],
    ['decimal.Decimal("1.50")', '1.50'],
    ['uuid.UUID(int=1)', '00000000-0000-0000-0000-000000000001'],
    ['pathlib.PurePosixPath("/a/b")', '/a/b'],
  ];

  describe.each([{ slow: false }, { slow: true }])('by the slow writer: $slow', (options) => {
    it.each(cases)('%s', async (expression, expected) => {
      const value = await peer.evaluate(expression, [], options);

      expect(value).toStrictEqual(expected);
    });

    it('bytes in memory that is not shared', async () => {
      const value = (await peer.evaluate('[b"abc", b""]', [], options)) as Uint8Array[];

      expect(value.map(({ constructor, byteOffset, buffer }) => [constructor, byteOffset, buffer.byteLength])).toEqual([
        [Uint8Array, 0, 3],
        [Uint8Array, 0, 0],
      ]);
    });

    it('keys that name parts of the prototype as data', async () => {
      const value = (await peer.evaluate('{"__proto__": {"polluted": 1}, "constructor": 2}', [], options)) as object;

      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.entries(value)).toEqual([
        ['__proto__', { polluted: 1 }],
        ['constructor', 2],
      ]);
    });

    it('a dict of many names and, late, one other key as a Map', async () => {
      const value = (await peer.evaluate('[mixed, mixed]', [], options)) as Map<unknown, unknown>[];

      expect(value[0]).toBeInstanceOf(Map);
      expect(value[0]?.size).toBe(2501);
      expect(value[0]?.get(5)).toBe('five');
      expect(value[1]).toBe(value[0]);
    });

    it('an object that is returned twice as one object', async () => {
      const value = (await peer.evaluate('[shared, (shared,), shared["a"]]', [], options)) as [
        object,
        [object],
        object,
      ];

      expect(value[1][0]).toBe(value[0]);
      expect(value[2]).toBe((value[0] as { a: object }).a);
    });

    it('floats without a fraction as such, when a declared type must know', async () => {
      const value = await peer.evaluate('[3.0, 3, 2.5, -0.0, {"a": 1e300}, float("nan")]', [], {
        ...options,
        integralFloats: 'wrapped',
      });

      expect(value).toStrictEqual([
        new IntegralFloat(3),
        3,
        2.5,
        new IntegralFloat(-0),
        { a: new IntegralFloat(1e300) },
        NaN,
      ]);
    });
  });
});
