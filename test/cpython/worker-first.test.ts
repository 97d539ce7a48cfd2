import { describe, expect, it } from 'vitest';
import { runIsolated } from '../support/isolated.ts';

/** Exit code of the first worker thread by the way it ends. */
const ends = { end: 0, exit: 5, terminate: 1 };

describe.concurrent.each(Object.entries(ends))('Python that a worker thread has started, which %ss,', (how, code) => {
  const told = (name: string, ended: number) => [`${name} says 3, and nothing more`, `${name} ended with ${ended}`];
  const workers = [...told('first', code), ...told('second', 0)];

  it('goes on for other worker threads and for the main thread, and ends with the process', async () => {
    const outcome = await runIsolated('worker-first.ts', { args: [how, 'main'] });

    expect(outcome).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    const { stdout } = outcome;
    expect(lines(stdout)).toEqual([
      ...workers,
      'FIDIUS_CALL_SYNC_TIMEOUT',
      'main says 3',
      ...told('third', 0),
      'python atexit',
    ]);
  });

  it('goes on for other worker threads when the main thread never uses it', async () => {
    const outcome = await runIsolated('worker-first.ts', { args: [how, 'worker'] });

    expect(outcome).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    expect(lines(outcome.stdout)).toEqual([...workers, ...told('third', 0)]);
  });
});

/** What was printed; Python writes an unfinished line when its thread ends. */
function lines(text: string): string[] {
  return text.replaceAll('more ', 'more\n').trimEnd().split('\n');
}
