import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoadProgress, PluginHost } from '../../src/index.ts';
import { packPackage } from '../../src/packaging.ts';
import { uncaughtDuring } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function load(searchPath: string, onProgress: (progress: LoadProgress) => void) {
  const storeDir = join(tempFolder('store'), 'packages');
  await using host = await PluginHost.open({ searchPaths: [searchPath], storeDir });
  return (await host.load('greeter', Greeter, { onProgress })).info.name;
}

describe('onProgress of load()', () => {
  it('receives the phases in their order', async () => {
    const searchPath = tempFolder();
    writeGreeter(searchPath, 'greeter');
    const events: LoadProgress[] = [];

    await load(searchPath, (event) => events.push(event));

    expect(events).toEqual([
      { phase: 'discovery' },
      { phase: 'verification' },
      { phase: 'start' },
      { phase: 'import' },
    ]);
  });

  it('receives how much of an archive was read', async () => {
    const searchPath = tempFolder();
    const { archiveBytes } = await packPackage(writeGreeter(tempFolder(), 'greeter'), {
      output: join(searchPath, 'greeter.fid'),
    });
    const events: LoadProgress[] = [];

    await load(searchPath, (event) => events.push(event));

    const reading = events.filter(({ done }) => done !== undefined);
    expect(reading.map(({ phase, total }) => ({ phase, total }))).toEqual(
      reading.map(() => ({ phase: 'verification', total: archiveBytes })),
    );
    expect(reading.at(-1)?.done).toBe(archiveBytes);
  });

  it('does not affect the load if it throws', async () => {
    const searchPath = tempFolder();
    writeGreeter(searchPath, 'greeter');
    let name: string | undefined;

    const errors = await uncaughtDuring(async (isThere) => {
      name = await load(searchPath, ({ phase }) => {
        if (phase === 'start') throw new Error('listener');
      });
      await isThere();
    });

    expect(name).toBe('greeter');
    expect(errors.map(({ message }) => message)).toEqual(['listener']);
  });

  it('must be a function', async () => {
    // @ts-expect-error a caller without types
    const error = await failureOf(() => load(tempFolder(), 'often'));

    expect(error).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: 'onProgress must be a function, got "often"',
    });
  });
});
