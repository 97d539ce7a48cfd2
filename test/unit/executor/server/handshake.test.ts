import { expect, it } from 'vitest';
import { descriptorOf } from '../../../support/descriptors.ts';
import { failureOf } from '../../../support/failure.ts';
import { answerLoad, openFakeServer } from '../../support/fake-server.ts';
import { writtenByPython } from '../../support/frames.ts';

const request = { plugin: 'probe', folder: '/nowhere', entryModule: 'probe', descriptor: descriptorOf('add') };
const [facts, loaded] = writtenByPython({ version: 2 }, { plugin: 1, file: 'probe.py', methods: ['function'] }) as [
  Buffer,
  Buffer,
];

it('rejects a load whose time limit ends before the server answers', async () => {
  const { executor } = await openFakeServer();

  expect(await failureOf(() => executor.load(request, { loadTimeoutMs: 50 }))).toMatchObject({
    code: 'FIDIUS_LOAD_TIMEOUT',
    message: 'Loading probe from /nowhere timed out after 50 ms, while Python was started',
    phase: 'start',
  });
});

it('rejects a load that is aborted before the server answers', async () => {
  const { executor } = await openFakeServer();
  const controller = new AbortController();
  const load = failureOf(() => executor.load(request, { signal: controller.signal }));

  controller.abort('no longer needed');

  expect(await load).toMatchObject({ code: 'FIDIUS_LOAD_ABORTED', cause: 'no longer needed' });
});

it('completes one load after another one has stopped to wait for the same server', async () => {
  const { executor, far } = await openFakeServer();
  await failureOf(() => executor.load(request, { loadTimeoutMs: 50 }));

  answerLoad(far, facts, loaded);

  expect((await executor.load(request)).name).toBe('probe');
});

it('terminates a server that has not answered when the executor closes, and rejects the loads that wait', async () => {
  const { executor, terminations } = await openFakeServer();
  const load = failureOf(() => executor.load(request));

  await executor.close();

  expect((await load).code).toBe('FIDIUS_HOST_CLOSED');
  expect(terminations).toEqual(['SIGKILL']);
});
