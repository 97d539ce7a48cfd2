import { describe, expect, it } from 'vitest';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { Talker, talkerLines } from '../support/talker.ts';
import { tempFolder } from '../support/temp-folder.ts';

const after = 'load after closing: FIDIUS_HOST_CLOSED';
const closed = ['later call: FIDIUS_PLUGIN_CLOSED', 'later sync call: FIDIUS_PLUGIN_CLOSED'];

/** Where the host is closed, twice, and what comes of that; the number of lines that reach the listener. */
const places: readonly (readonly [where: string, results: readonly string[], lines: number])[] = [
  ['output of the import', ['load: FIDIUS_HOST_CLOSED'], 1],
  ['output of a call', ['call: hello', ...closed], 2],
  ['output of a sync call', ['call: hello', ...closed], 2],
  ['argument of a call', ['call: FIDIUS_PLUGIN_CLOSED', ...closed], 0],
  ['argument of a sync call', ['call: FIDIUS_PLUGIN_CLOSED', ...closed], 0],
  ['load', ['load: FIDIUS_HOST_CLOSED', 'load: FIDIUS_HOST_CLOSED'], 0],
];

describe.each(['inline', 'thread'])('a host with the executor %s', (executor) => {
  it.each(places)('can be closed, twice at once, from %s', async (where, results, printed) => {
    const folder = tempFolder('close-inside');
    const lines = where === 'output of the import' ? ["print('imported')", ...talkerLines] : talkerLines;
    writePlugin(folder, 'talker', Talker, ...lines);

    const { stdout, stderr } = await outputOf('close-inside.ts', { args: [folder, executor, where] });

    expect(JSON.parse(stdout)).toEqual({ results: [...results, after], lines: printed });
    expect(stderr).toBe('');
  });
});
