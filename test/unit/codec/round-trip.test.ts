import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { data, literal } from '../../support/arbitrary-values.ts';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

describe.each(findPythons())('a value sent to CPython $version and back', (python) => {
  let peer: ValuePeer;
  beforeAll(() => {
    peer = new ValuePeer(python);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  /** Settles without a value when every value of `arbitrary` came back as it was. */
  const trip = (arbitrary: fc.Arbitrary<unknown>, options: { slow?: boolean } = {}): Promise<void> =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        const back = await peer.evaluate('arg', [value], options);
        // Not expect(): it asks a value for its `constructor`, which may be data here.
        deepStrictEqual(back, value);
      }),
      { numRuns: 150 },
    );

  it('is the same for any number', async () => {
    await expect(trip(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()))).resolves.toBeUndefined();
  });

  it('is the same for integers up to 2^4096 in both directions, as bigints beyond the safe integers', () =>
    fc.assert(
      fc.asyncProperty(fc.bigInt(-(2n ** 4096n), 2n ** 4096n), fc.nat(4096), async (large, shift) => {
        const value = large >> BigInt(shift);
        const back = await peer.evaluate('[arg, hex(arg)]', [value]);
        expect(back).toStrictEqual([Number.isSafeInteger(Number(value)) ? Number(value) : value, hex(value)]);
      }),
    ));

  it('is the same for any well-formed text', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme' }));

    await expect(trip(text)).resolves.toBeUndefined();
  });

  it('is the same for bytes', async () => {
    await expect(trip(fc.uint8Array({ maxLength: 600 }))).resolves.toBeUndefined();
  });

  it.each([{ slow: false }, { slow: true }])('is the same for nested data, slow writer: $slow', async (options) => {
    await expect(trip(data, options)).resolves.toBeUndefined();
  });

  it('is the same for typed arrays', async () => {
    const arrays = fc.oneof(
      fc.int8Array(),
      fc.int16Array(),
      fc.uint16Array(),
      fc.int32Array(),
      fc.uint32Array(),
      fc.float32Array(),
      fc.float64Array(),
      fc.bigInt64Array(),
      fc.bigUint64Array(),
    );

    await expect(trip(arrays)).resolves.toBeUndefined();
  });

  it('has the same value in Python as literals have', () =>
    fc.assert(
      fc.asyncProperty(literal, async (value) => {
        const same = await peer.evaluate('arg == eval(args[1])', [value, pythonLiteral(value)]);
        expect(same).toBe(true);
      }),
      { numRuns: 150 },
    ));
});

function pythonLiteral(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    const items = Object.entries(value).map(([key, item]) => `${pythonLiteral(key)}: ${pythonLiteral(item)}`);
    return `{${items.join(', ')}}`;
  }
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
