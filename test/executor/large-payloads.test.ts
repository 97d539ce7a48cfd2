import { beforeAll, describe, expect, it } from 'vitest';
import { outputOf } from '../support/isolated.ts';

const everywhere = [
  'succeed',
  'are raw',
  'are nested',
  'raise',
  'have a result that cannot cross',
  'have a wrong number of arguments',
] as const;
const inTheServer = [
  'are coroutines',
  'are stopped',
  'finish although they were cancelled',
  'are aborted before the server reads them',
  'are aborted while they wait for their turn',
  'are aborted while they wait for their loop',
  'are aborted in their loop',
  'are caught by the closing of their plugin',
  'are caught by the closing of their executor',
  'are not read by an executor that is closed while it is busy',
  'come too late for a closed plugin',
] as const;

describe.each([
  ['inline', everywhere],
  ['thread', [...everywhere, ...inTheServer]],
] as const)('the executor %s', (executor, kinds) => {
  let left: Record<string, number>;
  beforeAll(async () => {
    const { stdout } = await outputOf('large-payloads.ts', {
      args: [executor, ...kinds],
      nodeArgs: ['--expose-gc'],
      timeoutMs: 170_000,
      // glibc cannot be told to return the memory that it keeps for each thread.
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    left = JSON.parse(stdout) as Record<string, number>;
  }, 180_000);

  // A kind that leaks its arguments or its results shows as 100 MiB.
  it.each(kinds)('keeps nothing of large calls that %s', (kind) => {
    expect(left[kind]).toBeLessThan(32);
  });
});
