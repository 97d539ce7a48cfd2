/**
 * One contender in a process of its own: told what to do by `run.ts`, one message at a time.
 *
 * A process per contender and trial, because code that has also run other trials is compiled differently, and because
 * two hosts of one libpython would disturb each other.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Call, ContenderModule } from './contenders/contender.ts';
import { type OperationName, operations } from './operations.ts';
import type { ContenderId } from './trials.ts';

export type Order =
  | { readonly kind: 'open'; readonly contender: ContenderId; readonly operation: OperationName }
  | { readonly kind: 'round'; readonly iterations: number; readonly inFlight: number }
  | { readonly kind: 'memory' };

export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'round'; readonly nanoseconds: number }
  | { readonly kind: 'memory'; readonly residentBytes: number }
  | { readonly kind: 'failed'; readonly stage: Order['kind'] | 'check'; readonly reason: string };

let call: Call;
let awaited: boolean;
let step = 0;

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.(failed(order.kind, error)),
  );
});

async function obey(order: Order): Promise<Answer> {
  if (order.kind === 'open') return openContender(order.contender, order.operation);
  if (order.kind === 'memory') return { kind: 'memory', residentBytes: residentBytes() };
  return { kind: 'round', nanoseconds: await runRound(order.iterations, order.inFlight) };
}

async function openContender(contender: ContenderId, operation: OperationName): Promise<Answer> {
  growYoungGeneration();
  const { open } = (await import(`./contenders/${contender}.ts`)) as ContenderModule;
  const { calls } = await open();
  const wanted = calls[operation];
  if (wanted === undefined) throw new Error(`it has no ${operation}`);
  call = wanted;
  try {
    const result = call(step);
    awaited = result instanceof Promise;
    operations[operation].check(await result, step);
  } catch (error) {
    return failed('check', error);
  }
  return { kind: 'ready' };
}

/**
 * Makes V8's young generation as large as it gets in any program that has run for a while.
 *
 * How large it is decides when V8 marks the rest of the heap, which with large results can double the time of a call. Left
 * to how much code a contender happens to load, it differed from one process to the next.
 */
function growYoungGeneration(): void {
  const bytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  // What one round made survives until the next: V8 makes room for it.
  let survivors: readonly object[] = [];
  for (let before = 0; survivors.length === 0 || bytes() > before; ) {
    before = bytes();
    for (let round = 0; round < 10; round += 1) {
      survivors = Array.from({ length: survivors.length || 60_000 }, (_, index) => ({ index }));
    }
  }
}

/** Nanoseconds that a round took: of the processor when the calls return at once, by the clock when they are awaited. */
async function runRound(iterations: number, inFlight: number): Promise<number> {
  if (!awaited) return runSync(iterations);
  const start = process.hrtime.bigint();
  if (inFlight === 1) await runAwaited(iterations);
  else await Promise.all(Array.from({ length: inFlight }, () => runAwaited(Math.ceil(iterations / inFlight))));
  return Number(process.hrtime.bigint() - start);
}

/**
 * A call that returns at once keeps one processor busy, so its processor time is its time on an idle machine; on a busy
 * one the clock would also count the turns of others.
 */
function runSync(iterations: number): number {
  const start = process.cpuUsage();
  for (let index = 0; index < iterations; index += 1) call((step += 1));
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1e3;
}

async function runAwaited(iterations: number): Promise<void> {
  for (let index = 0; index < iterations; index += 1) await call((step += 1));
}

/** Resident memory after what can be collected was collected. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage.rss();
}

function failed(stage: Order['kind'] | 'check', error: unknown): Answer {
  const [firstLine] = String(error instanceof Error ? error.message : error).split('\n');
  return { kind: 'failed', stage, reason: firstLine ?? '' };
}
