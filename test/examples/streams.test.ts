import { spawnSync } from 'node:child_process';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogFollower } from '../../examples/log-follower-interface.ts';
import { executorNames, PluginHost } from '../../src/index.ts';
import { root } from '../support/markdown.ts';
import { tempFolder } from '../support/temp-folder.ts';

const tsx = createRequire(import.meta.url).resolve('tsx/cli');

function run(example: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, example], { cwd: root, encoding: 'utf8' });
  return { status, stderr, lines: stdout.trim().split('\n') };
}

describe('examples/follow-log.ts', () => {
  it('prints the lines of a log that grows, and ends at the last one', () => {
    expect(run('examples/follow-log.ts')).toEqual({
      status: 0,
      stderr: '',
      lines: [
        '1 INFO  started',
        '2 WARN  disk is 91 % full',
        '3 INFO  cleaning up',
        '4 ERROR cannot remove the cache',
        '5 INFO  stopping',
        '1 error',
      ],
    });
  });
});

describe('examples/plugins/log-follower', () => {
  it.each(executorNames.filter((name) => name !== 'inline'))(
    'begins again when the log is emptied, with the executor %s',
    async (executor) => {
      const log = join(tempFolder(), 'app.log');
      writeFileSync(log, 'INFO a line that is longer than the next one\n');
      await using host = await PluginHost.open({ searchPaths: [join(root, 'examples/plugins')], executor });
      const { client } = await host.load('log-follower', LogFollower);
      const entries = client.follow(log);
      const first = await entries.next();

      truncateSync(log);
      appendFileSync(log, 'WARN ä\n');

      expect(first.value).toEqual({ line: 1, level: 'INFO', text: 'a line that is longer than the next one' });
      expect((await entries.next()).value).toEqual({ line: 2, level: 'WARN', text: 'ä' });
      await entries.return();
    },
  );
});

describe('examples/tokens.ts', () => {
  it('prints tokens, a cancelled call and an error, and the model is free after each', () => {
    expect(run('examples/tokens.ts')).toEqual({
      status: 0,
      stderr: '',
      lines: [
        'The river and the rain and the river runs to the river runs to',
        '5 tokens, then FIDIUS_CALL_ABORTED',
        "UNKNOWN_WORD: the model does not know 'ocean'",
        'model busy, model free, model busy, model free',
      ],
    });
  });
});
