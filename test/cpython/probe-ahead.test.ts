import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeProgram } from '../support/fake-python.ts';
import { outputOf } from '../support/isolated.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const [python] = embeddablePythons();

it.runIf(python !== undefined).each(['inline', 'thread', 'handle'])(
  'asks a slow interpreter without blocking the event loop, with %s',
  async (kind) => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    const go = join(folder, 'go');
    // It answers when the program has done something meanwhile.
    const asked = join(folder, 'asked');
    const body = `: > '${asked}'\nwhile [ ! -e '${go}' ]; do /bin/sleep 0.01; done\nexec '${python?.executable}' "$@"`;
    const slow = writeProgram(join(folder, 'bin/python3'), body);

    const { stdout } = await outputOf('load-with-slow-python.ts', {
      args: [kind, folder, slow, asked, go],
      timeoutMs: 30_000,
    });

    expect(JSON.parse(stdout)).toEqual({ greeting: 'Hello, World', wentOn: true });
  },
);

it('ends the interpreter when the load is aborted', async () => {
  const folder = tempFolder();
  writeGreeter(folder, 'greeter');
  const slow = writeProgram(join(folder, 'bin/python3'), `: > '${join(folder, 'asked')}'\nexec /bin/sleep 600`);

  const { stdout } = await outputOf('load-with-slow-python.ts', {
    args: ['abort', folder, slow, join(folder, 'asked'), join(folder, 'go')],
    timeoutMs: 9000,
  });

  expect(JSON.parse(stdout)).toEqual({ code: 'FIDIUS_LOAD_ABORTED', wentOn: true });
});
