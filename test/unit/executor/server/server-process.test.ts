import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeValue } from '../../../../src/codec/pickle/encode-value.ts';
import { runtimeFolder, sdkFolder } from '../../../../src/cpython/runtime-folders.ts';
import { isPluginError } from '../../../../src/errors/plugin-error.ts';
import { ServerExecutor } from '../../../../src/executor/server/server-executor.ts';
import { frameType, maxPayloadBytes } from '../../../../src/protocol/frames.ts';
import { eventually } from '../../../support/eventually.ts';
import { failureOf } from '../../../support/failure.ts';
import { loadCalls } from '../../support/calls.ts';
import { loadProbe } from '../../support/executors.ts';
import { frame, handshakeFrame } from '../../support/frames.ts';
import { ServerProcess } from '../../support/server-process.ts';

vi.setConfig({ testTimeout: 120_000 });

describe('a server in a separate process', () => {
  /** Nothing but the transport differs from the executor `thread`. */
  const open = async () => {
    const server = new ServerProcess();
    const executor = new ServerExecutor({ name: 'thread', connect: (receiver) => server.connect(receiver) });
    return { server, executor, ...(await loadCalls(executor)) };
  };

  it('answers calls of every kind as one in this process does', async () => {
    const { call, plugin, executor } = await open();

    expect(await Promise.all([call('add', [1, 2]), call('add_later', [3, 4]), call('nap', [0.01])])).toEqual([
      3, 7, 0.01,
    ]);
    expect(await call('echo', ['x'.repeat(500_000)])).toHaveLength(500_000);
    await expect(call('fail', ['on purpose'])).rejects.toSatisfy((error) => isPluginError(error));
    expect((await failureOf(() => call('spin', [], { timeoutMs: 300 }))).code).toBe('FIDIUS_CALL_TIMEOUT');
    await eventually(() => plugin.stats().outcomes.stopped === 1);
    expect(plugin.sync()).toBeUndefined();
    await executor.close();
  });

  it('ends when its host closes', async () => {
    const { server, executor } = await open();

    await executor.close();

    expect(await server.exit()).toBe(0);
  });

  it('ends when its host closes the connection without notice, busy or not', async () => {
    const { server, call } = await open();
    const lost = failureOf(() => call('spin'));

    server.data.destroy();
    server.control.destroy();

    expect((await lost).code).toBe('FIDIUS_EXECUTOR_FAILED');
    expect(await server.exit()).toBe(0);
  });

  it('rejects all pending calls when it dies', async () => {
    const { server, call } = await open();
    const calls = Array.from({ length: 600 }, () => failureOf(() => call('nap', [60])));
    await call('add', [1, 2], { timeoutMs: 30 }).catch(() => {});

    server.child.kill('SIGKILL');

    const errors = await Promise.all(calls);
    expect([...new Set(errors.map(({ code }) => code))]).toEqual(['FIDIUS_EXECUTOR_FAILED']);
    expect(errors[0]?.message).toBe(
      `nap() of calls: The call server (process ${server.facts.process}, ${server.facts.executable}) was terminated by SIGKILL`,
    );
    expect((await failureOf(() => call('add', [1, 2]))).code).toBe('FIDIUS_EXECUTOR_FAILED');
  });
});

describe('the start of a server process', () => {
  const open = () => {
    const server = new ServerProcess();
    const executor = new ServerExecutor({ name: 'thread', connect: (receiver) => server.connect(receiver) });
    onTestFinished(() => executor.close({ mode: 'abort' }));
    return { server, executor };
  };

  it('gives packages the SDK, keeps its own folders off the search path, and writes no byte-code into packages', async () => {
    const { executor } = open();
    const { call } = await loadProbe(executor, {
      methods: ['facts', 'fail'],
      lines: [
        'import os, sys',
        'import fidius',
        'def facts():',
        '    package = os.path.dirname(__file__)',
        '    return [os.path.dirname(os.path.dirname(fidius.__file__)), sys.path, sys.argv, os.listdir(package)]',
        'def fail():',
        '    raise fidius.PluginError("E_OWN", "on purpose")',
      ],
    });

    const [sdk, path, argv, files] = (await call('facts')) as [string, string[], string[], string[]];
    expect(sdk).toBe(sdkFolder);
    expect(path.filter((entry) => entry.startsWith(runtimeFolder))).toEqual([]);
    expect(argv).toEqual(['']);
    expect(files).not.toContain('__pycache__');
    await expect(call('fail')).rejects.toMatchObject({ code: 'E_OWN' });
  });

  it('protects the standard streams and resets what a plugin leaves in one context', async () => {
    const { executor } = open();
    const { call } = await loadProbe(executor, {
      methods: ['close_and_redirect', 'write'],
      lines: [
        'import io, sys',
        'def close_and_redirect():',
        '    sys.stdout.close()',
        '    sys.stdout = io.StringIO()',
        'def write():',
        '    return [sys.stdout.write(""), type(sys.stdout) is io.StringIO]',
      ],
    });

    await call('close_and_redirect');

    expect(await call('write')).toEqual([0, false]);
  });

  it.each([
    ['a call that cannot be stopped', ['def run():', '    time.sleep(600)']],
    [
      'a thread that does not end',
      [
        'def run():',
        '    threading.Thread(target=time.sleep, args=(600,), daemon=False).start()',
        '    while True: time.sleep(0.01)',
      ],
    ],
  ])('does not depend on %s to end with its host, and runs exit functions', async (_what, lines) => {
    const { server, executor } = open();
    const { call } = await loadProbe(executor, {
      methods: ['begin', 'run'],
      lines: [
        'import atexit, sys, threading, time',
        'def begin():',
        '    atexit.register(lambda: sys.stderr.write("exit functions ran\\n"))',
        ...lines,
      ],
    });
    await call('begin');
    const lost = failureOf(() => call('run'));
    await call('begin');

    server.data.destroy();
    server.control.destroy();

    expect((await lost).code).toBe('FIDIUS_EXECUTOR_FAILED');
    expect(await server.exit()).toBe(0);
    expect(server.stderr).toContain('exit functions ran');
  });

  it('reports the exit code and the last lines of stderr of a server that ends during a call', async () => {
    const { executor } = open();
    const { call } = await loadProbe(executor, {
      methods: ['leave'],
      lines: ['import os, sys', 'def leave():', '    os.write(2, b"disk full\\n")', '    os._exit(3)'],
    });

    const { code, message } = await failureOf(() => call('leave'));

    expect(code).toBe('FIDIUS_EXECUTOR_FAILED');
    expect(message).toMatch(
      /^leave\(\) of probe: The call server \(process \d+, .*\) exited with code 3\. The last lines of its stderr:\n/,
    );
    expect(message).toContain('disk full');
  });

  it('reports the reason when the server cannot start', async () => {
    const server = new ServerProcess(['3', '4', '/nowhere/sdk']);
    const executor = new ServerExecutor({ name: 'thread', connect: (receiver) => server.connect(receiver) });

    const { code, message } = await failureOf(() => loadCalls(executor));

    expect(code).toBe('FIDIUS_EXECUTOR_FAILED');
    expect(message).toContain('exited with code 2 before it was ready. The last lines of its stderr:\n');
    expect(message).toContain('the SDK folder does not exist: /nowhere/sdk');
  });

  it('gives each plugin a separate server if the executor is set up that way', async () => {
    const servers: ServerProcess[] = [];
    const executor = new ServerExecutor({
      name: 'thread',
      serverPerPlugin: true,
      connect: (receiver) => {
        const server = new ServerProcess();
        servers.push(server);
        return server.connect(receiver);
      },
    });
    onTestFinished(() => executor.close({ mode: 'abort' }));
    const [first, second] = await Promise.all([loadCalls(executor), loadCalls(executor)]);
    const running = failureOf(() => first.call('nap', [60]));

    servers[0]?.terminate('SIGKILL');

    expect((await running).message).toContain('was terminated by SIGKILL');
    expect(await second.call('add', [1, 2])).toBe(3);
    await second.plugin.close();
    expect(await servers[1]?.exit()).toBe(0);
    expect((await failureOf(() => first.call('add', [1, 2]))).code).toBe('FIDIUS_EXECUTOR_FAILED');
  });

  it.each([
    ['no arguments', [], 'usage: python -I -B -X utf8 fidius_host/server <data descriptor>'],
    ['a name as a descriptor', ['data', '4', sdkFolder], 'the data descriptor is not a number: data'],
    [
      'a closed descriptor',
      ['3', '77', sdkFolder],
      'the control descriptor 77 is not an open socket: Bad file descriptor',
    ],
    ['a descriptor of another kind', ['3', '0', sdkFolder], 'the control descriptor 0 is not an open socket'],
    ['a missing SDK', ['3', '4', '/nowhere/sdk'], 'the SDK folder does not exist: /nowhere/sdk'],
  ])('exits with code 2 and the reason when it is given %s', async (_what, args, reason) => {
    const server = new ServerProcess(args);

    expect(await server.exit()).toBe(2);
    expect(server.stderr).toMatch(/^fidius: [^\n]*\n$/);
    expect(server.stderr).toContain(reason);
  });
});

describe('a server whose host violates the protocol', () => {
  /** Sends bytes and takes what comes back until the server ends. */
  async function answerTo(
    ...chunks: readonly Uint8Array[]
  ): Promise<{ exit: unknown; answer: string; stderr: string }> {
    const server = new ServerProcess();
    const answers: Buffer[] = [];
    server.data.on('data', (chunk: Buffer) => answers.push(chunk)).on('error', () => {});
    for (const chunk of chunks) server.data.write(chunk);
    server.data.end();
    const exit = await server.exit();
    return { exit, answer: Buffer.concat(answers).toString('latin1'), stderr: server.stderr };
  }

  it.each([
    ['no handshake', [frame(frameType.call)], 'a frame of type 2 before the handshake'],
    [
      'another version',
      [frame(frameType.handshake, { method: 99, payload: encodeValue({}) })],
      'uses version 99 of the protocol, this call server version 2',
    ],
    ['a second handshake', [handshakeFrame(), handshakeFrame()], 'a second handshake'],
    [
      'an item for a call without stream',
      [handshakeFrame(), frame(frameType.item, { call: 3, plugin: 1 })],
      'a frame "item" for call 3',
    ],
    [
      'a result that was not requested',
      [handshakeFrame(), frame(frameType.hostResult, { call: 3 })],
      '"hostResult" for call 3',
    ],
    ['a credit of nothing', [handshakeFrame(), frame(frameType.credit, { call: 3 })], '"credit" grants no items'],
    [
      'an end with a payload',
      [handshakeFrame(), frame(frameType.end, { payload: Buffer.alloc(5) })],
      '"end" has 5 bytes',
    ],
    ['an unknown type', [handshakeFrame(), frame(200)], 'a frame of type 200'],
    [
      'an impossible size',
      [handshakeFrame(), frame(frameType.call, { announced: maxPayloadBytes + 1 })],
      'a frame of 1073741825',
    ],
    [
      'a method that the server lacks',
      [handshakeFrame(), frame(frameType.call, { method: 77, call: 1 })],
      'IndexError',
    ],
  ])('says so and ends: %s', async (_what, chunks, reason) => {
    const { exit, answer } = await answerTo(...chunks);

    expect(exit).toBe(0);
    expect(answer).toContain(reason);
  });

  it.each([
    ['half a handshake', [handshakeFrame().subarray(0, 20)]],
    ['half a call', [handshakeFrame(), frame(frameType.call, { announced: 100, call: 1 })]],
    ['a plugin that does not exist', [handshakeFrame(), frame(frameType.call, { plugin: 99, call: 1 })]],
    [
      'arguments that cannot be decoded',
      [handshakeFrame(), frame(frameType.call, { call: 1, payload: Buffer.from('garbage') })],
    ],
    [
      'memory it does not share',
      [handshakeFrame(), frame(frameType.call, { call: 1, flags: 4, payload: Buffer.alloc(16) })],
    ],
    ['the release of nothing', [handshakeFrame(), frame(frameType.release, { call: 9 })]],
  ])('ends as usual after %s', async (_what, chunks) => {
    const { exit, stderr } = await answerTo(...chunks);

    expect(exit).toBe(0);
    expect(stderr).toBe('');
  });

  it('neither hangs nor crashes over bytes of any kind', async () => {
    for (let round = 0; round < 15; round += 1) {
      const noise = randomBytes(1 + round * 50);
      // Sizes stay small, so that the server does not wait for what never comes.
      for (let at = 2; at + 2 <= noise.length; at += 16) noise.fill(0, at, at + 2);

      const { exit, stderr } = await answerTo(handshakeFrame(), noise);

      expect(exit).toBe(0);
      expect(stderr).toBe('');
    }
  });

  it('ends over noise on the control channel', async () => {
    const server = new ServerProcess();
    server.data.write(handshakeFrame());
    server.data.resume();
    server.control.write(frame(frameType.call, { call: 1 }));

    expect(await server.exit()).toBe(0);
  });
});
