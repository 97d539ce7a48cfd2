import { describe, expect, it } from 'vitest';
import { loadProbe, openExecutor, type Probe } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';

const hint = expect.stringContaining('`ownThread: true`');

const database = {
  methods: ['count(): i32'],
  lines: [
    'import sqlite3',
    'db = sqlite3.connect(":memory:")',
    'db.execute("create table t(x)")',
    'def count(): return db.execute("select count(*) from t").fetchone()[0]',
  ],
} as const;

describe('an object that only the importing thread may use', () => {
  it('leads to an error whose hint names ownThread, and whose message is that of Python', async () => {
    const { plugin } = await loadProbe(openExecutor(), database);

    // The thread of JavaScript is never the one that imported the module.
    const error = caught(() => plugin.sync['count']?.());

    expect(error).toMatchObject({
      code: 'ProgrammingError',
      message: expect.stringMatching(/^SQLite objects created in a thread can only be used in that same thread\./),
      hint,
    });
  });

  it('works with ownThread', async () => {
    const { call } = await loadProbe(openExecutor(), { ...database, options: { ownThread: true } });

    expect(await Promise.all(Array.from({ length: 8 }, () => call('count')))).toEqual(Array(8).fill(0));
  });

  it('leads to a hint when it is a future of another loop', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['wait'],
      lines: ['import asyncio', 'future = asyncio.new_event_loop().create_future()', 'async def wait(): await future'],
    });

    await expect(call('wait')).rejects.toMatchObject({ message: expect.stringMatching(/different loop/), hint });
  });

  it('leads to a hint when it is the loop of the importing thread, which has none', async () => {
    const lines = ['import asyncio', 'loop = asyncio.get_event_loop()', 'def running(): return loop.is_running()'];
    const parts = { methods: ['running(): bool'], lines };

    const error = await failureOf(() => loadProbe(openExecutor(), parts));
    expect(error).toMatchObject({ code: 'FIDIUS_IMPORT_FAILED', hint, cause: { hint } });

    const { call }: Probe = await loadProbe(openExecutor(), { ...parts, options: { ownThread: true } });
    expect(await call('running')).toBe(true);
  });

  it('gives other exceptions no hint', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['fail'],
      lines: ['def fail(): raise RuntimeError("another loop")'],
    });

    await expect(call('fail')).rejects.toMatchObject({ message: 'another loop', hint: undefined });
  });
});

function caught(attempt: () => unknown): unknown {
  try {
    return attempt();
  } catch (error) {
    return error;
  }
}
