import { expect, it } from 'vitest';
import { defineInterface, executorNames, method, t } from '../../src/index.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

it.each(executorNames)('shows the place of each call also to callbacks, with FIDIUS_DEBUG and %s', async (executor) => {
  const searchPath = tempFolder();
  const Raising = defineInterface('Raising', { version: 1, methods: { raises: method({}, t.string) } });
  writePlugin(searchPath, 'raising', Raising, 'def raises(): raise ValueError("not today")');
  const env = { ...process.env, FIDIUS_DEBUG: '1' };

  const { stdout } = await outputOf('call-site.ts', { args: [searchPath, executor], env });

  // In another process, nothing can be called on this thread.
  const places = executor === 'process' ? ['placeOfTheCall'] : ['placeOfTheCall', 'placeOfTheSyncCall'];
  const stacks = JSON.parse(stdout) as readonly string[];
  expect(stacks.map((stack) => /\n {2}called from\n {4}at (\w+) \(/.exec(stack)?.[1])).toEqual(places);
});
