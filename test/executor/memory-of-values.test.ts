import { describe, expect, it } from 'vitest';
import { executorNames } from '../../src/index.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';

/** Bytes that tell which call they belong to, and in which order they are. */
function bytesOf(call: number, size: number): Buffer {
  return Buffer.alloc(size, Buffer.from([call, 200, call + 1, 201, 202]));
}

const equal = (a: unknown, b: Uint8Array) => Buffer.compare(a as Uint8Array, b) === 0;

const parts = {
  methods: ['!flip', 'echo(bytes): bytes', 'echo_list([bytes]): [bytes]'],
  lines: ['def flip(data): return data[::-1]', 'def echo(value): return value', 'echo_list = echo'],
};

/** Below and above the size from which payloads go by reference. */
const sizes = [5, 5000, 100_000];

describe.each(executorNames)('with the executor %s', (name) => {
  it.each(sizes)('raw results of %i bytes have separate memory, independent of later calls', async (size) => {
    const { call } = await loadProbe(openExecutor(name), parts);

    const results = [];
    for (let number = 0; number < 20; number += 1) results.push(await call('flip', [bytesOf(number, size)]));
    const together = Array.from({ length: 20 }, (_, number) => call('flip', [bytesOf(number, size)]));
    results.push(...(await Promise.all(together)));

    for (const [index, result] of (results as Uint8Array[]).entries()) {
      expect(result.buffer.byteLength).toBe(size);
      expect(equal(result, bytesOf(index % 20, size).reverse())).toBe(true);
    }
  });

  it.each(sizes)('%i bytes in a result have separate memory, independent of later calls', async (size) => {
    const { call } = await loadProbe(openExecutor(name), parts);

    const calls = Array.from({ length: 20 }, (_, number) => call('echo_list', [[bytesOf(number, size)]]));
    const results = (await Promise.all(calls)) as [Uint8Array][];
    for (let number = 0; number < 20; number += 1) await call('echo', [bytesOf(250, size)]);

    for (const [number, [bytes]] of results.entries()) {
      expect(equal(bytes, bytesOf(number, size))).toBe(true);
    }
  });

  it.each(sizes)('arguments of %i bytes are read before the caller can change them', async (size) => {
    const { call } = await loadProbe(openExecutor(name), parts);
    const input = bytesOf(1, size);

    const [typed, raw] = [call('echo', [input]), call('flip', [input])];
    input.fill(255);

    expect(equal(await typed, bytesOf(1, size))).toBe(true);
    expect(equal(await raw, bytesOf(1, size).reverse())).toBe(true);
  });
});
