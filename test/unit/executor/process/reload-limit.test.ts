import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createExecutor } from '../../../../src/executor/create-executor.ts';
import { descriptorOf } from '../../../support/descriptors.ts';
import { failureOf } from '../../../support/failure.ts';
import { moduleText, writePackage } from '../../../support/plugin-folders.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { untypedMethod } from '../../support/methods.ts';

it('gives a plugin that is loaded again the whole time limit of its load', async () => {
  const mark = join(tempFolder(), 'loaded');
  const lines = [
    'import os, time',
    // The first import is quick, and the second takes longer than what was left of the limit then.
    `if os.path.exists(${JSON.stringify(mark)}): time.sleep(4.5)`,
    `open(${JSON.stringify(mark)}, "w").close()`,
    'def pid(): return os.getpid()',
    'def die(): os._exit(1)',
  ];
  const folder = writePackage({ entryModule: 'slow_again', files: { 'slow_again.py': moduleText(...lines) } });
  const silent = { onOutput: () => {}, onNotice: () => {} };
  const executor = createExecutor('process', undefined, { ...silent, process: { restart: { delayMs: 1 } } });
  onTestFinished(() => executor.close({ mode: 'abort' }));
  const descriptor = descriptorOf('pid', 'die');
  const request = { plugin: 'slow', folder, entryModule: 'slow_again', descriptor, totalTimeoutMs: 60_000 };

  // The time that is left of a minute after a package was found and verified.
  const plugin = await executor.load(request, { loadTimeoutMs: 4000 });
  const first = await plugin.call(untypedMethod(0), []);
  await failureOf(() => plugin.call(untypedMethod(1), []));
  const second = await plugin.call(untypedMethod(0), []);

  expect(second).toEqual(expect.any(Number));
  expect(second).not.toBe(first);
  expect(plugin.stats().processes).toMatchObject([{ crashes: 1, restarts: 1 }]);
}, 60_000);
