import { describe, expect, it } from 'vitest';
import { Harm, harmLines } from '../../support/harm.ts';
import { runIsolated } from '../../support/isolated.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { endsSoon } from '../../support/processes.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function runHost(end: string, stuck: string) {
  const folder = tempFolder();
  writePlugin(folder, 'harm', Harm, ...harmLines);
  const outcome = await runIsolated('process-host.ts', { args: [folder, end, stuck], timeoutMs: 30_000 });
  const [pids, ...rest] = outcome.stdout.trim().split('\n');
  return { outcome, pids: JSON.parse(pids as string) as number[], rest };
}

async function allEnd(pids: readonly number[]): Promise<boolean> {
  const ended = await Promise.all(pids.map((pid) => endsSoon(pid)));
  return !ended.includes(false);
}

describe.runIf(process.platform === 'linux')('the process of a plugin', () => {
  describe.each(['none', 'nap', 'hold'])('that runs the call %s', (stuck) => {
    it.each([
      ['exits', 'exit'],
      ['throws', 'exception'],
      ['is killed', 'kill'],
      ['closes it', 'close'],
    ])('ends when its host %s', async (_what, end) => {
      const { pids, outcome } = await runHost(end, stuck);

      expect(pids).toHaveLength(1);
      expect(outcome.timedOut).toBe(false);
      expect(await allEnd(pids)).toBe(true);
    });

    it('ends when the worker thread of its host is terminated', async () => {
      const { rest, outcome } = await runHost('worker', stuck);

      expect(outcome).toMatchObject({ exitCode: 0, timedOut: false });
      expect(rest).toEqual(['ended']);
    });
  });

  it('does not keep an idle host alive', async () => {
    const { outcome, pids } = await runHost('idle', 'none');

    expect(outcome).toMatchObject({ exitCode: 0, timedOut: false });
    expect(await allEnd(pids)).toBe(true);
  });
});
