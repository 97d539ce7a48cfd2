import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { executorNames } from '../../src/index.ts';
import { openPackages, refusal } from '../support/module-packages.ts';

it.each(executorNames)('an error of a call carries no variables of Python, with the executor %s', async (executor) => {
  process.env['FIDIUS_TEST_SECRET'] = 'secret of the environment';
  const { load } = await openPackages(executor, {
    plugin: {
      main: [
        'import os',
        'def run(arg):',
        '    local = "".join(["secret of", " a variable"])',
        '    copy = dict(os.environ)',
        '    return local.missing',
      ],
    },
  });
  const { client } = await load('plugin');

  const error = await refusal(() => client.run('secret of an argument'));
  delete process.env['FIDIUS_TEST_SECRET'];
  const everything = `${inspect(error, { depth: null })} ${JSON.stringify(error)} ${String(error)}`;

  expect(everything).toContain("'str' object has no attribute 'missing'");
  // The lines of the source are part of the traceback, which is why the text is put together there.
  expect(everything).not.toMatch(/secret of a variable|secret of the environment|secret of an argument/);
});
