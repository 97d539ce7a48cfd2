import { describe, expect, it } from 'vitest';
import { runTarget } from '../../scripts/fuzz/run-target.ts';
import type { FuzzTarget } from '../../scripts/fuzz/target.ts';
import { targets } from '../../scripts/fuzz/targets.ts';
import { FidiusError } from '../../src/errors/fidius-error.ts';
import { tempFolder } from '../support/temp-folder.ts';

const taskIn = (folder: string) => ({
  folder,
  seed: 1,
  from: 0,
  milliseconds: 30_000,
  most: 20,
  progress: new SharedArrayBuffer(4),
});

// A short form of `npm run fuzz`.
describe('a reader of foreign bytes', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    'reads its own samples, and refuses mutated ones in a documented way: %s',
    async (_name, target) => {
      const { inputs, findings } = await runTarget(target, taskIn(tempFolder()));

      expect(findings).toEqual([]);
      expect(inputs).toBe(20);
    },
  );
});

describe('the fuzzer', () => {
  it.each<[string, () => unknown, string]>([
    ['an error of another kind', () => JSON.parse(''), 'SyntaxError'],
    [
      'an unknown code',
      () => {
        throw Object.assign(new FidiusError('FIDIUS_KEY_INVALID', 'x'), { code: 'NEW' });
      },
      'unknown code NEW',
    ],
    [
      'a long message',
      () => {
        throw new FidiusError('FIDIUS_KEY_INVALID', 'x'.repeat(200_000));
      },
      'a message of',
    ],
  ])('reports %s', async (_what, fail, problem) => {
    const sample = Buffer.from('valid');
    const read = (input: Buffer) => input.equals(sample) || fail();
    const target: FuzzTarget = { name: 'x', samples: () => [sample], words: [], read };

    const { findings } = await runTarget(target, taskIn(tempFolder()));

    expect(findings[0]?.problem).toContain(problem);
  });

  it('makes the same inputs from the same seed', async () => {
    const read: string[][] = [[], []];
    for (const inputs of read) {
      const target = {
        name: 'x',
        samples: () => [Buffer.from('abc')] as const,
        words: [],
        read: (input: Buffer) => inputs.push(input.toString('hex')),
      };
      await runTarget(target, taskIn(tempFolder()));
    }

    expect(read[0]).toEqual(read[1]);
    expect(new Set(read[0]).size).toBeGreaterThan(15);
  });
});
