/**
 * Usage: npx tsx bench/payload-threshold.ts
 *
 * Prints, for payloads of growing size, what an asynchronous raw call takes with the bytes in the frame, and with them in
 * memory and a reference in the frame: where the second becomes the quicker one is the threshold of `thread`.
 */
import { isDeepStrictEqual } from 'node:util';
import { startPython } from '../src/cpython/lifecycle/start.ts';
import { InProcessMemory } from '../src/executor/thread/in-process-server.ts';
import { createThreadExecutor } from '../src/executor/thread/thread-executor.ts';
import { rawMethod } from '../test/unit/support/methods.ts';
import { Bench, indexOf } from './contenders/built-fidius.ts';
import { pluginFolder } from './contenders/contender.ts';
import { median } from './median.ts';

const rounds = 31;
const callsPerRound = 40;

const interpreter = startPython();
const [inFrame, byReference] = await Promise.all([open(Number.POSITIVE_INFINITY), open(0)]);

console.log('| bytes | in the frame | by reference |\n|---|---|---|');
for (let size = 4096; size <= 1 << 20; size *= 2) {
  const payload = Buffer.alloc(size, 7);
  const samples: { readonly frame: number[]; readonly reference: number[] } = { frame: [], reference: [] };
  for (let round = 0; round < rounds; round += 1) {
    samples.frame.push(await microsecondsPerCall(inFrame, payload));
    samples.reference.push(await microsecondsPerCall(byReference, payload));
  }
  console.log(`| ${size} | ${median(samples.frame).toFixed(0)} µs | ${median(samples.reference).toFixed(0)} µs |`);
}
await Promise.all([inFrame.close(), byReference.close()]);

type Echo = Awaited<ReturnType<typeof open>>;

async function open(threshold: number) {
  const executor = createThreadExecutor(interpreter, {}, new InProcessMemory(interpreter, threshold));
  const plugin = await executor.load({
    plugin: 'bench-plugin',
    folder: pluginFolder,
    entryModule: 'bench_plugin',
    descriptor: Bench.descriptor,
  });
  const index = indexOf('echo_bytes');
  return {
    call: (payload: Uint8Array) => plugin.call(rawMethod(index), [payload]) as Promise<Uint8Array>,
    close: () => executor.close(),
  };
}

async function microsecondsPerCall({ call }: Echo, payload: Uint8Array): Promise<number> {
  const start = performance.now();
  let result: Uint8Array | undefined;
  for (let index = 0; index < callsPerRound; index += 1) result = await call(payload);
  const microseconds = ((performance.now() - start) * 1000) / callsPerRound;
  if (!isDeepStrictEqual(Buffer.from(result ?? []), payload)) throw new Error('something else came back');
  return microseconds;
}
