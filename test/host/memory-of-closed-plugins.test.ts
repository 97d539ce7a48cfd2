import { expect, it } from 'vitest';
import { inProcessExecutors } from '../support/executors.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const lines = [
  'class Cycle:',
  '    def __init__(self):',
  '        self.itself = self',
  // Written to, so that it takes memory, and large enough to be given back to the system.
  '        self.memory = bytearray(b"x") * (64 << 20)',
  'cycle = Cycle()',
];

it.each(inProcessExecutors)(
  'is given back when the executor %s closes it, without automatic collection',
  async (executor) => {
    const folder = tempFolder();
    writePlugin(folder, 'holder', Greeter, ...lines, ...greeterLines.complete);

    const { stdout } = await outputOf('close-without-collecting.ts', { args: [executor, folder, 'holder'] });

    const { isGone, isEnabled, freedMiB } = JSON.parse(stdout) as {
      isGone: boolean;
      isEnabled: boolean;
      freedMiB: number;
    };
    expect({ isGone, isEnabled }).toEqual({ isGone: true, isEnabled: false });
    expect(freedMiB).toBeGreaterThan(48);
  },
);
