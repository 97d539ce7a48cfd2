import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from '../support/installed-package.ts';
import { oldNode } from '../support/old-node.ts';

const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
};
const needed = engines.node.replace('>=', '');

describe.each([16, 18])('Node.js %i', (major) => {
  const found = oldNode(major);
  if ('reason' in found) console.log(`skipped Node.js ${major}: ${found.reason}`);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-old-node-')));
  const run = (...argv: readonly string[]) =>
    spawnSync('node' in found ? found.node : '', argv, { cwd: folder, encoding: 'utf8', timeout: 60_000 });

  beforeAll(() => {
    if ('node' in found) installPackage(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf('node' in found).each(['fidius', 'fidius/packaging', 'fidius/testing', 'fidius/mcp'])(
    'is told to be too old before anything else, by the entry %s',
    (entry) => {
      const program = `import('${entry}').catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })))`;

      const { stdout, stderr } = run('--eval', program);

      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        code: 'FIDIUS_NODE_UNSUPPORTED',
        message: expect.stringMatching(
          new RegExp(`^fidius needs Node\\.js ${needed}, this is ${major}\\.\\d+\\.\\d+$`),
        ),
        hint: `Install Node.js ${needed} or a later version.`,
      });
    },
  );

  it.runIf('node' in found).each([[['--version']], [['run', 'greeter', 'greet']], [[]]])(
    'is told to be too old by the command line, for %j',
    (argv) => {
      const { status, stdout, stderr } = run('node_modules/fidius/dist/bundle/cli.js', ...argv);

      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        new RegExp(
          `^error: fidius needs Node\\.js ${needed}, this is ${major}\\S+\nhint: Install Node\\.js ${needed} .*\n$`,
        ),
      );
    },
  );
});
