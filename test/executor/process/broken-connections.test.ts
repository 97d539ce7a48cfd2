import { expect, it } from 'vitest';
import { failureOf } from '../../support/failure.ts';
import { openProcess } from '../../support/processes.ts';

const restart = { delayMs: 1, maxDelayMs: 1 };

it.each([
  ['announces a frame of an impossible size', 'b"\\xff" * 64', '4294967295 bytes'],
  ['sends a frame of an unknown type', 'bytes(4) + b"\\x63" + bytes(11)', 'a frame of type 99'],
])(
  'a plugin that writes to the connection of its process, and %s, loses its calls, and a new process works',
  async (_what, bytes, words) => {
    const { call, state } = await openProcess({ restart });
    const before = state().pid;

    const waiting = failureOf(() => call('nap', [60]));
    const sending = failureOf(() => call('run', [`os.write(3, ${bytes}); time.sleep(60)`]));

    for (const error of await Promise.all([waiting, sending])) {
      expect(error).toMatchObject({ code: 'FIDIUS_WIRE_CORRUPT', message: expect.stringContaining(words) });
    }
    expect(await call('add', [2, 3])).toBe(5);
    expect(state().pid).not.toBe(before);
  },
);
