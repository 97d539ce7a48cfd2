import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingCalls } from '../../../../src/executor/server/pending-calls.ts';

describe('pending calls', () => {
  it('are found by their numbers, in whatever order they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5000 }), { maxLength: 3000 }), (steps) => {
        const calls = new PendingCalls<object>();
        const model = new Map<number, object>();
        const gone: number[] = [];
        for (const step of steps) {
          const [victim] = [...model.keys()].slice(step % (model.size || 1));
          if (step % 3 === 0 && victim !== undefined) {
            calls.delete(victim);
            model.delete(victim);
            gone.push(victim);
          } else {
            const waiting = {};
            model.set(calls.add(waiting), waiting);
          }
        }

        expect(calls.values()).toEqual([...model.values()]);
        expect([...model.keys()].map((call) => calls.get(call))).toEqual([...model.values()]);
        expect(gone.filter((call) => calls.get(call) !== undefined)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('get increasing numbers, and skip those whose slot a stuck call uses', () => {
    const calls = new PendingCalls<string>();
    const stuck = calls.add('stuck');

    const numbers = Array.from({ length: 3000 }, () => {
      const call = calls.add('quick');
      calls.delete(call);
      return call;
    });

    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(3000);
    expect(calls.get(stuck)).toBe('stuck');
    expect(calls.values()).toEqual(['stuck']);
  });

  it('have no maximum number', () => {
    const calls = new PendingCalls<number>();
    const numbers = Array.from({ length: 100_000 }, (_, index) => calls.add(index));

    expect(numbers.map((call) => calls.get(call))).toEqual(numbers.map((_, index) => index));
    expect(calls.values()).toHaveLength(100_000);
    calls.clear();
    expect(calls.values()).toEqual([]);
  });

  it('start again with 1 after 2^32 - 1, because 0 means no call', () => {
    const calls = new PendingCalls<string>(0xfffffffe);

    const numbers = ['a', 'b', 'c'].map((name) => calls.add(name));

    expect(numbers).toEqual([0xffffffff, 1, 2]);
    expect(calls.values()).toEqual(['a', 'b', 'c']);
  });
});
