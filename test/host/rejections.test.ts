import { expect, it } from 'vitest';
import { Greeter } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

it('leaves no rejection without a handler, however hosts fail', async () => {
  const folder = tempFolder('rejections');
  const lines = [
    'import time',
    'def greet(name):',
    '    for _ in range(1000 if name == "slowly" else 0): time.sleep(0.01)',
    '    return name',
    'def count(): return 1',
  ];
  writePlugin(folder, 'greeter', Greeter, ...lines);
  writePlugin(folder, 'slow', Greeter, ...lines, 'for _ in range(200): time.sleep(0.01)');

  const { stdout, stderr } = await outputOf('rejections.ts', { args: [folder] });

  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    outcomes: {
      'calls whose server dies': ['FIDIUS_EXECUTOR_FAILED'],
      'calls that are aborted before that': ['FIDIUS_CALL_ABORTED'],
      'what comes later': ['FIDIUS_EXECUTOR_FAILED', 'FIDIUS_HOST_CLOSED', 'done'],
      'closing while the server dies': expect.arrayContaining(['done']),
      'a load that is aborted': ['FIDIUS_LOAD_ABORTED'],
      'closing after it': ['done'],
      'loads during which the host is closed': ['FIDIUS_HOST_CLOSED', 'done'],
      'connections that fail before they are ready': ['Error: no connection', 'FIDIUS_EXECUTOR_FAILED', 'done'],
    },
    unhandled: [],
  });
});
