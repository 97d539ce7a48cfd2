/**
 * One contender in a process of its own: told what to do by `run.ts`, one message at a time.
 *
 * A process per contender and trial, because code that has also run other trials is compiled differently, and because
 * two hosts of one libpython would disturb each other.
 */
import type { Call, ContenderModule } from './contenders/contender.ts';
import { type OperationName, operations } from './operations.ts';
import type { ContenderId } from './trials.ts';

export type Order =
  | { readonly kind: 'open'; readonly contender: ContenderId; readonly operation: OperationName }
  | { readonly kind: 'round'; readonly iterations: number; readonly inFlight: number };

export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'round'; readonly nanoseconds: number }
  | { readonly kind: 'failed'; readonly stage: 'open' | 'check' | 'round'; readonly reason: string };

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
  return { kind: 'round', nanoseconds: await runRound(order.iterations, order.inFlight) };
}

async function openContender(contender: ContenderId, operation: OperationName): Promise<Answer> {
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

async function runRound(iterations: number, inFlight: number): Promise<number> {
  const start = process.hrtime.bigint();
  if (!awaited) runSync(iterations);
  else if (inFlight === 1) await runAwaited(iterations);
  else await Promise.all(Array.from({ length: inFlight }, () => runAwaited(Math.ceil(iterations / inFlight))));
  return Number(process.hrtime.bigint() - start);
}

function runSync(iterations: number): void {
  for (let index = 0; index < iterations; index += 1) call((step += 1));
}

async function runAwaited(iterations: number): Promise<void> {
  for (let index = 0; index < iterations; index += 1) await call((step += 1));
}

function failed(stage: 'open' | 'check' | 'round', error: unknown): Answer {
  const [firstLine] = String(error instanceof Error ? error.message : error).split('\n');
  return { kind: 'failed', stage, reason: firstLine ?? '' };
}
