import { describe, expect, it } from 'vitest';
import { outputOf } from '../support/isolated.ts';

describe("a host inside the user's own worker thread", () => {
  it.each(['async', 'sync'])(
    'can be terminated in the middle of %s calls, and nothing else stands still',
    async (what) => {
      const { stdout } = await outputOf('terminate-workers.ts', { args: [what, '4'], timeoutMs: 150_000 });

      expect(stdout).toContain('all terminated');
    },
    160_000,
  );

  it('answers as one on the main thread does', async () => {
    const { stdout } = await outputOf('host-in-worker.ts', { timeoutMs: 100_000 });

    expect(JSON.parse(stdout)).toEqual({
      precision: 28,
      large: 1_000_000,
      keptOfIt: false,
      sum: 3,
      syncSum: 7,
      error: 'ValueError: on purpose',
      syncError: 'ValueError: on purpose',
      refused: 'FIDIUS_VALUE_RESULT',
      flipped: [3, 2, 1],
      timeout: 'FIDIUS_CALL_TIMEOUT',
      closed: 'FIDIUS_PLUGIN_CLOSED',
    });
  }, 120_000);
});
