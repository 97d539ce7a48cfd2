/**
 * Keeps sixteen plugins busy and watches what that does to the event loop, to files, and to calls that are given up.
 *
 * A process of its own, told by its arguments what to do: `<contender> <way of being busy>`. Answers with one message.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fidius } from './contenders/built-fidius.ts';
import { median } from './median.ts';

export type BusyWay = 'sleep' | 'spin' | 'hold';

export interface UnderLoad {
  readonly delayP99Ms: number;
  readonly readFileWorstMs: number;
}

export interface Abort {
  readonly medianMs: number;
}

const pluginCount = 16;
/** How long one call keeps a thread: long enough to be in the way, short enough to come and go while we watch. */
const callSeconds = 0.2;
const watchMs = 3000;

const { defineInterface, method, t } = fidius;
const Busy = defineInterface('Busy', {
  version: 1,
  methods: {
    sleep: method({ seconds: t.f64 }, t.f64),
    spin: method({ seconds: t.f64 }, t.f64),
    hold: method({ seconds: t.f64 }, t.f64),
  },
});

const [, , contender, task] = process.argv;
process.send?.(task === 'abort' ? await measureAbort() : await watch(await openBusy(), task as BusyWay | 'idle'));

type Call = (way: BusyWay, seconds: number) => Promise<unknown>;

async function watch(plugins: readonly Call[], way: BusyWay | 'idle'): Promise<UnderLoad> {
  const ended = new AbortController();
  if (way !== 'idle') for (const plugin of plugins) void keepBusy(plugin, way, ended.signal);
  await sleep(500);

  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let worst = 0;
  for (const end = performance.now() + watchMs; performance.now() < end; await sleep(20)) {
    const start = performance.now();
    await readFile(new URL(import.meta.url));
    worst = Math.max(worst, performance.now() - start);
  }
  delays.disable();
  ended.abort();
  return { delayP99Ms: delays.percentile(99) * 1e-6, readFileWorstMs: worst };
}

async function keepBusy(plugin: Call, way: BusyWay, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) await plugin(way, callSeconds);
}

async function openBusy(): Promise<readonly Call[]> {
  if (contender === 'node-calls-python') return Array.from({ length: pluginCount }, () => callByPeer());
  const host = await fidius.PluginHost.open({ searchPaths: [fileURLToPath(new URL('.', import.meta.url))] });
  const plugins = Array.from({ length: pluginCount }, () => host.load('busy-plugin', Busy));
  return (await Promise.all(plugins)).map(
    ({ client }): Call =>
      (way, seconds) =>
        client[way](seconds),
  );
}

function callByPeer(): Call {
  const { interpreter } = createRequire(import.meta.url)('node-calls-python') as {
    interpreter: {
      importSync(file: string): object;
      call(module: object, name: string, ...args: readonly unknown[]): Promise<unknown>;
    };
  };
  const module = interpreter.importSync(fileURLToPath(new URL('./busy/busy_plugin.py', import.meta.url)));
  return (way, seconds) => interpreter.call(module, way, seconds);
}

/** From `abort()` to the moment when it is known that the Python code stopped. */
async function measureAbort(): Promise<Abort> {
  const host = await fidius.PluginHost.open({ searchPaths: [fileURLToPath(new URL('.', import.meta.url))] });
  const plugin = await host.load('busy-plugin', Busy);
  const samples: number[] = [];
  for (let round = 0; round < 31; round += 1) {
    const given = new AbortController();
    const call = plugin.client.spin(30, { signal: given.signal });
    await sleep(30);
    const start = performance.now();
    given.abort();
    await call.catch(() => {});
    while (plugin.stats().outcomes.stopped <= round) await new Promise(setImmediate);
    samples.push(performance.now() - start);
  }
  return { medianMs: median(samples) };
}
