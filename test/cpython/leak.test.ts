import { expect, it } from 'vitest';
import { runIsolated } from '../support/isolated.ts';

interface Measure {
  readonly blocks: number;
  readonly objects: number;
  readonly noneReferences: number;
  readonly residentBytes: number;
}

it('keeps nothing of a million calls: values, errors and refusals alike', { timeout: 180_000 }, async () => {
  const outcome = await runIsolated('leak.ts', { args: ['1000000'], nodeArgs: ['--expose-gc'], timeoutMs: 170_000 });

  expect(outcome).toMatchObject({ exitCode: 0, signal: null, timedOut: false });
  const { calls, before, after } = JSON.parse(outcome.stdout) as { calls: number; before: Measure; after: Measure };
  expect(calls).toBeGreaterThanOrEqual(1_000_000);
  // A reference lost per call would show as a hundred thousand; a cache that fills, as a handful.
  expect(after.blocks - before.blocks).toBeLessThan(500);
  expect(after.objects - before.objects).toBeLessThan(100);
  expect(Math.abs(after.noneReferences - before.noneReferences)).toBeLessThan(500);
  expect(after.residentBytes - before.residentBytes).toBeLessThan(32 * 2 ** 20);
});
