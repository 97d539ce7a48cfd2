import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeValue } from '../../../src/codec/pickle/decode-value.ts';
import { isFidiusError } from '../../../src/errors/fidius-error.ts';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

const definitions = `
import array, dataclasses, enum
class Color(enum.Enum):
    RED = "red"
@dataclasses.dataclass
class Point:
    x: float
    y: object = None
shared = ["shared"]
everything = [
    None, True, False, 0, 300, 70_000, -5, 2**40, -2**70, 2**3000, 0.5, 3.0, "", "text", "näive 😀", "long" * 100,
    b"bytes", b"x" * 300, bytearray(b"ab"), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2], {}, {"a": 1},
    {"a": 1, "b": 2}, {1: 2, "b": 3}, set(), {1, 2}, frozenset({3}), shared, shared, Color.RED, Point(1.5, [shared]),
    array.array("d", [1, 2]), memoryview(bytes(6)).cast("B", (2, 3)), {"__proto__": 1},
]
`;

describe('bytes that were changed', () => {
  let original: Buffer;
  beforeAll(async () => {
    await using peer = new ValuePeer(findPythons().at(-1) as ReturnType<typeof findPythons>[0]);
    await peer.evaluate(definitions);
    original = Buffer.from(await peer.bytes('everything'));
  });

  it('are refused as corrupt wherever they are cut off', () => {
    for (let length = 0; length < original.length; length += 1) {
      expect(outcomeOf(original.subarray(0, length)), `${length} bytes`).toBe('FIDIUS_WIRE_CORRUPT');
    }
  });

  it('are refused as corrupt when something follows', () => {
    expect(outcomeOf(Buffer.concat([original, Buffer.from('.')]))).toBe('FIDIUS_WIRE_CORRUPT');
  });

  it('give a value or an error of ours, whatever one byte is replaced by', () => {
    const outcomes = new Set<string>();
    for (let at = 0; at < original.length; at += 1) {
      for (const byte of [0, 0x28, 0x2e, 0x30, 0x52, 0x61, 0x65, 0x68, 0x75, 0x90, 0x93, 0x94, 0xff]) {
        const changed = Buffer.from(original);
        changed[at] = byte;
        outcomes.add(outcomeOf(changed));
      }
    }

    expect([...outcomes]).toEqual(expect.arrayContaining(['FIDIUS_WIRE_CORRUPT', 'value']));
  });

  it('give a value or an error of ours when parts are moved, repeated and left out', () => {
    const anywhere = fc.nat(10_000).map((at) => at % original.length);
    const cut = fc.tuple(anywhere, fc.nat(40)).map(([at, size]) => original.subarray(at, at + size));
    const patchwork = fc
      .array(fc.oneof(cut, fc.uint8Array({ maxLength: 8 })), { minLength: 1, maxLength: 12 })
      .map((parts) => Buffer.concat([Buffer.from([0x80, 5]), ...parts, Buffer.from('.')]));

    expect(() => {
      fc.assert(
        fc.property(patchwork, (bytes) => void outcomeOf(bytes)),
        { numRuns: 20_000 },
      );
    }).not.toThrow();
  });
});

describe('bytes that lie', () => {
  it.each([
    ['about the length of a text', '\x8d\xff\xff\xff\xff\xff\xff\x00\x00'],
    ['about the length of bytes', '\x8e\x00\x00\x00\x00\x01\x00\x00\x00'],
    ['about the length of a bytearray', '\x96\xff\xff\xff\x7f\x00\x00\x00\x00'],
    ['about the length of an integer', '\x8b\xff\xff\xff\x7f'],
    ['about the length of a frame', '\x95\xff\xff\x00\x00\x00\x00\x00\x00N.'],
    ['about an object that came before', 'h\x00.'],
    ['about an object that came before, with a long index', 'j\x00\x00\x00\x00.'],
    ['with no value at all', '.'],
    ['with two values', 'NN.'],
    ['with a mark that is left', '(.'],
    ['with items for a number', 'K\x01K\x02a.'],
    ['with items for a list beyond the mark', '](a.'],
    ['with pairs for a list', ']K\x01K\x02s.'],
    ['with a key without a value', '}(K\x01u.'],
    ['with items for a set that is none', '](K\x01\x90.'],
    ['with the name of a function of Python', '\x8c\x02os\x8c\x06system\x93.'],
    ['with the name of a function elsewhere', '\x8c\x20fidius_host.codec.pickle_globals\x8c\x04view\x93.'],
    ['with a function as a value', '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05plain\x93.'],
    ['with a function in a value', ']\x8c\x20fidius_host.codec.pickle_globals\x8c\x05plain\x93a.'],
    ['with a call of a value', 'N)R.'],
    ['with a call without arguments', '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05plain\x93)R.'],
    [
      'with an array of what is no bytes',
      '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05array\x93\x8c\x07float64N\x86R.',
    ],
    [
      'with an array of half a number',
      '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05array\x93\x8c\x07float64C\x02ab\x86R.',
    ],
    [
      'with an array of an unknown type',
      '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05array\x93\x8c\x08toStringC\x00\x86R.',
    ],
    [
      'with a shape that does not fit',
      '\x8c\x20fidius_host.codec.pickle_globals\x8c\x07ndarray\x93\x8c\x05uint8K\x02K\x02\x86C\x03abc\x87R.',
    ],
    [
      'with a negative shape',
      '\x8c\x20fidius_host.codec.pickle_globals\x8c\x07ndarray\x93\x8c\x05uint8J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86C\x01a\x87R.',
    ],
    ['with text that is not UTF-8', '\x8c\x02\xff\xfe.'],
    ['with another protocol inside', '\x80\x05N.'],
    ['with an opcode of other pickles', 'ios\nsystem\n.'],
  ])('are refused: %s', (_what, body) => {
    expect(outcomeOf(Buffer.from(`\x80\x05${body}`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
  });

  const plain = '\x8c\x20fidius_host.codec.pickle_globals\x8c\x05plain';
  /** What each opcode takes from the stack, and the opcode. */
  const takers = [
    ['APPEND', ']K\x01', 'a'],
    ['SETITEM', '}K\x01K\x02', 's'],
    ['TUPLE1', 'K\x01', '\x85'],
    ['TUPLE2', 'K\x01K\x02', '\x86'],
    ['TUPLE3', 'K\x01K\x02K\x03', '\x87'],
    ['STACK_GLOBAL', plain, '\x93'],
    ['REDUCE', `${plain}\x93K\x01\x85`, 'R'],
    ['POP', 'K\x01', '0'],
    ['MEMOIZE', 'K\x01', '\x94'],
  ] as const;

  it.each(takers)('are refused when %s takes what lies below a mark', (_name, operands, opcode) => {
    expect(outcomeOf(Buffer.from(`\x80\x05${operands}(${opcode}1.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
    expect(outcomeOf(Buffer.from(`\x80\x05${operands}(${opcode}N1.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
    expect(outcomeOf(Buffer.from(`\x80\x05N(${operands}(${opcode}11.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
  });

  it.each([
    ...takers,
    ['APPENDS', '](', 'e'],
    ['SETITEMS', '}(', 'u'],
    ['ADDITEMS', '\x8f(', '\x90'],
    ['FROZENSET', '(', '\x91'],
    ['TUPLE', '(', 't'],
    ['POP_MARK', '(', '1'],
  ] as const)('are refused when %s finds nothing to take', (_name, operands, opcode) => {
    expect(outcomeOf(Buffer.from(`\x80\x05${opcode}.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
    expect(outcomeOf(Buffer.from(`\x80\x05${opcode}N.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
    expect(outcomeOf(Buffer.from(`\x80\x05${operands}${opcode}${opcode}N.`, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
  });

  it('are refused with the place', () => {
    expect(() => decodeValue(Buffer.from('\x80\x05]\xff.', 'latin1'))).toThrow(
      'Cannot read a value from Python: unknown opcode 0xff at byte 3',
    );
  });

  it('are refused in time that grows with their length only', () => {
    for (let opcode = 0; opcode < 256; opcode += 1) {
      const body = Buffer.alloc(50_000, Buffer.from([0x5d, 0x94, 0x28, 0x68, 0x00, opcode]));

      expect(outcomeOf(Buffer.concat([Buffer.from([0x80, 5]), body]))).toBe('FIDIUS_WIRE_CORRUPT');
    }
  });

  it.each(['\x80\x04N.', 'N.', '', '\x80', '\x93\x05N.'])('are refused when they are another format: %j', (text) => {
    expect(outcomeOf(Buffer.from(text, 'latin1'))).toBe('FIDIUS_WIRE_CORRUPT');
  });
});

describe('a value read from the middle of other memory', () => {
  let peer: ValuePeer;
  beforeAll(() => {
    peer = new ValuePeer(findPythons()[0] as ReturnType<typeof findPythons>[0]);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('is the same, and stays when that memory changes', async () => {
    const bytes = await peer.bytes('[0.5, "text of some length", b"bytes", "ä" * 100]');
    const memory = new Uint8Array(bytes.length + 20);
    memory.set(bytes, 11);

    const value = decodeValue(memory.subarray(11, 11 + bytes.length));
    memory.fill(0);

    expect(value).toEqual([0.5, 'text of some length', Uint8Array.from(Buffer.from('bytes')), 'ä'.repeat(100)]);
  });
});

/** The code of the error that reading gives, or `value`. Anything but an error of ours is thrown on. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    decodeValue(bytes);
    return 'value';
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    return error.code;
  }
}
