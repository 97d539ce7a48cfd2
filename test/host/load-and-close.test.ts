import { describe, expect, it } from 'vitest';
import { inProcessExecutors } from '../support/executors.ts';
import { outputOf } from '../support/isolated.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Measure {
  readonly blocks: number;
  readonly objects: number;
  readonly residentBytes: number;
}

describe.each(inProcessExecutors)('a package that the executor %s loads many times', (executor) => {
  it('is still there for the last of its plugins when the others are closed, and for those that come later', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'loaded_again');

    const { stdout } = await outputOf('load-again.ts', { args: [executor, folder, 'loaded_again'] });

    const { answers, before, after } = JSON.parse(stdout) as { answers: string[]; before: number; after: number };
    const pairs = Array.from({ length: 7 }, () => ['Hello, client', 'Hello, sync']).flat();
    expect(answers).toEqual([...pairs, 'Hello, again', 'Hello, again', 'Hello, client', 'Hello, sync', 'Hello, anew']);
    expect(after).toBe(before);
  });

  it('leaves nothing behind after a thousand times', { timeout: 180_000 }, async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'closed_again');

    const { stdout } = await outputOf('load-and-close.ts', {
      args: [executor, '1000', folder, 'closed_again'],
      nodeArgs: ['--expose-gc'],
      timeoutMs: 170_000,
    });

    const { before, after, isDead } = JSON.parse(stdout) as { before: Measure; after: Measure; isDead: boolean };
    expect(isDead).toBe(true);
    // Anything kept of each load shows as a thousand at least.
    expect(after.blocks - before.blocks).toBeLessThan(500);
    expect(after.objects - before.objects).toBeLessThan(100);
    expect(after.residentBytes - before.residentBytes).toBeLessThan(32 * 2 ** 20);
  });
});
