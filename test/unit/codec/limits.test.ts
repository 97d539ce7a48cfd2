import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

const definitions = `
import hashlib

def nested(depth, wrap):
    value = 0
    for level in range(depth):
        value = wrap(value)
    return value

def depth_of(value):
    depth = 0
    while value != 0:
        value = value["in"] if isinstance(value, dict) else value[0]
        depth += 1
    return depth
`;

describe.each(findPythons())('with CPython $version', (python) => {
  let peer: ValuePeer;
  beforeAll(async () => {
    peer = new ValuePeer(python);
    await peer.evaluate(definitions);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it.each(['array', 'object'])('Python gets 10,000 levels of one %s in another', async (kind) => {
    let value: unknown = 0;
    for (let depth = 0; depth < 10_000; depth += 1) value = kind === 'array' ? [value] : { in: value };

    const depth = await peer.evaluate('depth_of(arg)', [value]);

    expect(depth).toBe(10_000);
  });

  it.each([
    ['lists', 'lambda value: [value]'],
    ['tuples', 'lambda value: (value, 1)'],
    ['dicts', 'lambda value: {"in": value}'],
  ])('JavaScript gets 10,000 levels of %s', async (_what, wrap) => {
    let value = await peer.evaluate(`nested(10_000, ${wrap})`);

    let depth = 0;
    for (; value !== 0; depth += 1) {
      value = Array.isArray(value) ? value[0] : (value as { readonly in: unknown }).in;
    }
    expect(depth).toBe(10_000);
  });

  it('names the place of what cannot cross at any depth', async () => {
    const error = await peer.evaluate('nested(10_000, lambda value: [value] if value else [1j])').catch(String);

    expect(error).toMatch(/^Error: result[[\]0]+…[[\]0]+: complex has no counterpart in JavaScript$/);
  });
});

describe('with one CPython', () => {
  let peer: ValuePeer;
  beforeAll(async () => {
    peer = new ValuePeer(findPythons()[0] as ReturnType<typeof findPythons>[0]);
    await peer.evaluate(definitions);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('100 MiB of bytes cross in both directions', async () => {
    const size = 100 * 2 ** 20;
    const data = new Uint8Array(size);
    for (let index = 0; index < size; index += 4096) data[index] = index >> 12;

    const back = (await peer.evaluate('arg', [data])) as Uint8Array;

    expect(Buffer.compare(back, data)).toBe(0);
  });

  it('a long text crosses in both directions', async () => {
    const text = 'naïve 😀 '.repeat(2 ** 20);

    const back = await peer.evaluate('arg', [text]);

    expect(back === text).toBe(true);
  });

  it('an integer of a million bits crosses in both directions', async () => {
    const value = -(3n ** 630_000n);

    const back = await peer.evaluate('[arg, arg == -(3 ** 630_000)]', [value]);

    expect(back).toEqual([value, true]);
  });

  it('the bits of a NaN stay as they are in arrays of floats', async () => {
    const bits = BigUint64Array.from([0x7ff8_0000_0000_0001n, 0xfff8_dead_beef_0000n, 0x7ff0_0000_0000_0001n]);

    const back = (await peer.evaluate('arg', [new Float64Array(bits.buffer)])) as Float64Array;

    expect(new BigUint64Array(back.buffer)).toEqual(bits);
  });
});
