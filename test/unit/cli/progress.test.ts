import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withProgress } from '../../../src/cli/output/progress.ts';
import { rememberedIo } from '../../support/remembered-io.ts';

const clear = '\r\u001B[K';

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is shown on a terminal during long work, at a limited rate, and cleared at the end', async () => {
    const io = rememberedIo({ isTty: true });

    const result = await withProgress(io, 'Packing', async ({ report }) => {
      await vi.advanceTimersByTimeAsync(300);
      for (const percent of [10, 20, 30]) {
        report({ step: 'writing', done: percent, total: 40 + percent, unit: 'files' });
        await vi.advanceTimersByTimeAsync(60);
      }
      return 'done';
    });

    expect(result).toBe('done');
    expect(io.output).toEqual({
      stdout: '',
      stderr: `${clear}Packing${clear}Packing: writing, 33 %, 20 of 60 files${clear}`,
    });
  });

  it('is cleared before an error is printed', async () => {
    const io = rememberedIo({ isTty: true });

    const work = withProgress(io, 'Packing', async () => {
      await vi.advanceTimersByTimeAsync(300);
      throw new Error('disk full');
    });

    await expect(work).rejects.toThrow('disk full');
    expect(io.output.stderr).toBe(`${clear}Packing${clear}`);
  });

  it.each([
    ['short work', true, 299],
    ['standard error that is not a terminal', false, 5000],
  ])('is not shown for %s', async (_what, isTty, durationMs) => {
    const io = rememberedIo({ isTty });

    await withProgress(io, 'Packing', async ({ report }) => {
      await vi.advanceTimersByTimeAsync(durationMs);
      report({ step: 'almost' });
    });
    await vi.advanceTimersByTimeAsync(1000);

    expect(io.output.stderr).toBe('');
  });
});
