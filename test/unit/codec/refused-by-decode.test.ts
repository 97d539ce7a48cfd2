import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeValue } from '../../../src/codec/pickle/decode-value.ts';
import { failureOf } from '../../support/failure.ts';
import { findPythons } from '../../support/pythons.ts';
import { Refused, ValuePeer } from '../support/value-peer.ts';

const definitions = `
import ctypes, dataclasses, datetime, decimal, enum, fractions, io, pathlib, uuid

class Opaque: pass
class Nameless(decimal.Decimal):
    def __str__(self):
        raise ValueError("no words")
@dataclasses.dataclass
class Node:
    next: object = None
    name: str = "node"
class Side(enum.Enum):
    LEFT = "left"
class Six(enum.Enum):
    SIX = 6
class Own(str):
    __hash__ = object.__hash__
    def __eq__(self, other): return self is other
many = {str(i): i for i in range(2500)}
async def coroutine(): pass
def closed(coroutine):
    coroutine.close()
    return coroutine
cyclic_list = [1]
cyclic_list.append({"again": (cyclic_list,)})
cyclic_dict = {"a": {}}
cyclic_dict["a"]["b"] = cyclic_dict
cyclic_map = {1: []}
cyclic_map[1].append(cyclic_map)
cyclic_node = Node()
cyclic_node.next = [cyclic_node]
cyclic_tuple = ([], 2, 3, 4)
cyclic_tuple[0].append(cyclic_tuple)
cyclic_pair = ([], 2)
cyclic_pair[0].append(cyclic_pair)
`;

describe.each(findPythons())('what CPython $version cannot return', (python) => {
  let peer: ValuePeer;
  beforeAll(async () => {
    peer = new ValuePeer(python);
    await peer.evaluate(definitions);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  const refusalOf = async (expression: string): Promise<Refused> => {
    const outcome = await peer.evaluate(expression).catch((error: unknown) => error);
    if (outcome instanceof Refused) return outcome;
    throw new Error(`${expression} was not refused`);
  };

  it.each([
    ['object()', 'object has no counterpart in JavaScript'],
    ['Opaque()', 'Opaque has no counterpart in JavaScript'],
    ['Opaque', 'type has no counterpart in JavaScript'],
    ['len', 'builtin_function_or_method has no counterpart in JavaScript'],
    ['io', 'module has no counterpart in JavaScript'],
    ['1j', 'complex has no counterpart in JavaScript'],
    ['range(3)', 'range has no counterpart in JavaScript'],
    ['(x for x in "ab")', 'generator has no counterpart in JavaScript'],
    ['closed(coroutine())', 'coroutine has no counterpart in JavaScript'],
    ['fractions.Fraction(1, 2)', 'fractions.Fraction has no counterpart in JavaScript'],
    ['datetime.timedelta(1)', 'datetime.timedelta has no counterpart in JavaScript'],
    ['ValueError("x")', 'ValueError has no counterpart in JavaScript'],
    ['...', 'ellipsis has no counterpart in JavaScript'],
    ['memoryview((ctypes.c_void_p * 2)())', "memoryview with items of format '<P' has no counterpart in JavaScript"],
    ['[1, {"rows": [0, Opaque()]}]', 'result[1].rows[1]: Opaque has no counterpart in JavaScript'],
    ['{"a b": Node(Opaque())}', 'result["a b"].next: Opaque has no counterpart in JavaScript'],
    ['{1: {None: {2.5: 1j}}}', 'result.get(1).get(NoneType).get(2.5): complex has no counterpart in JavaScript'],
    ['{(1, 1j): 2}', 'result.keys()[0][1]: complex has no counterpart in JavaScript'],
    ['[{1j}]', 'result[0].values()[0]: complex has no counterpart in JavaScript'],
    ['[Nameless(1)]', 'result[0]: ValueError while it was read: no words'],
  ])('is refused with its type and path: %s', async (expression, message) => {
    const refusal = await refusalOf(expression);

    expect(refusal.code).toBe('FIDIUS_VALUE_RESULT');
    expect(refusal.message).toBe(message);
  });

  it('is refused with what to do', async () => {
    const refusal = await refusalOf('(x for x in "ab")');

    expect(refusal.hint).toBe('Declare the method as a stream, or return list(...).');
  });

  it.each([
    ['cyclic_list', 'result'],
    ['[0, cyclic_dict]', 'result[1]'],
    ['cyclic_map', 'result'],
    ['{"tuple": cyclic_tuple}', 'result.tuple[0]'],
    ['{"pair": cyclic_pair}', 'result.pair[0]'],
    ['[[cyclic_node]]', 'result[0][0].next'],
  ])('is refused when it contains itself: %s', async (expression, place) => {
    const error = await failureOf(() => peer.evaluate(expression));

    expect(error.code).toBe('FIDIUS_VALUE_CYCLE');
    expect(error.message).toBe(`Cannot read ${place} from Python: it contains itself`);
  });

  it('is refused by the slow writer when it contains itself', async () => {
    const error = await peer.evaluate('[[cyclic_node]]', [], { slow: true }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_CYCLE',
      message: 'result[0][0].next[0]: it contains itself',
    });
  });

  it.each([
    [String.raw`["a\ud800"]`, 'result[0]', 'the str contains a lone surrogate, which is not valid text'],
    [String.raw`{"k": {1: "x" * 50 + "\udcff"}}`, 'result.k.get(1)', 'the str contains a lone surrogate'],
    [String.raw`{"a": 1, "\ud800": 2}`, 'result.keys()[1]', 'the str contains a lone surrogate'],
    ['{Side.LEFT: 1, "left": 2}', 'result', 'two of its keys differ in Python and are both "left" in JavaScript'],
    ['[{decimal.Decimal("1"): 1, "1": 2, 3: 4}]', 'result[0]', 'two of its keys differ in Python and are both "1" in'],
    [
      '[{5: 0, decimal.Decimal("1"): 1, 3: 4, "1": 2}]',
      'result[0]',
      'two of its keys differ in Python and are both "1" in',
    ],
    ['[{**many, pathlib.PurePath("3"): 0}]', 'result[0]', 'two of its keys differ in Python and are both "3" in'],
    ['[{0: 0, **many, pathlib.PurePath("3"): 0}]', 'result[0]', 'two of its keys differ in Python and are both "3" in'],
    ['{Own("a"): 1, "a": 2}', 'result', 'two of its keys differ in Python and are both "a" in'],
    ['{uuid.UUID(int=1): 1, str(uuid.UUID(int=1)): 2}', 'result', 'two of its keys differ in Python and are both'],
    ['{datetime.date(2024, 1, 1): 1, "2024-01-01": 2}', 'result', 'two of its keys differ in Python and are both'],
    ['[{decimal.Decimal("1.0"), "1.0"}]', 'result[0]', 'two of its elements differ in Python and are both "1.0" in'],
    ['[set(range(2500)) | {Six.SIX}]', 'result[0]', 'two of its elements differ in Python and are both 6 in'],
    [
      '{"s": frozenset([float("nan"), float("nan")])}',
      'result.s',
      'two of its elements differ in Python and are both NaN',
    ],
    ['[{float("nan"): 1, float("nan"): 2}]', 'result[0]', 'two of its keys differ in Python and are both NaN in'],
  ])('is refused when JavaScript cannot hold it: %s', async (expression, place, problem) => {
    const error = await failureOf(() => peer.evaluate(expression));

    expect(error.code).toBe('FIDIUS_VALUE_RESULT');
    expect(error.message).toContain(`Cannot read ${place} from Python: ${problem}`);
  });

  it('is refused by the slow writer for a lone surrogate', async () => {
    const error = await peer.evaluate(String.raw`["a\ud800"]`, [], { slow: true }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: 'result[0]: the str contains a lone surrogate, which is not valid text',
    });
  });
});

it('refuses a buffer of another size than the one that was taken out', () => {
  const pickle = Buffer.from('80058e08000000000000002e', 'hex');
  const detached = (size: number) => [{ at: 11, bytes: new Uint8Array(size) }];

  expect(decodeValue(pickle, {}, detached(8))).toEqual(new Uint8Array(8));
  expect(() => decodeValue(pickle, {}, detached(4))).toThrow(expect.objectContaining({ code: 'FIDIUS_WIRE_CORRUPT' }));
});
