/**
 * Usage: tsx bench/native-calls.ts
 *
 * Prints which C functions one call of each operation goes through, and how often: each costs some 40 ns before it does
 * anything, so their number is most of the time of a small call. Run `npm run build` first.
 */
import koffi, { type LibraryHandle } from 'koffi';
import type { Contender } from './contenders/contender.ts';
import { type OperationName, operations } from './operations.ts';

const counts = new Map<string, number>();
countCalls();

const rounds = 1000;
for (const contender of ['fidius', 'fidius-client']) {
  const { open } = (await import(`./contenders/${contender}.ts`)) as { open: () => Contender | Promise<Contender> };
  const { calls } = await open();
  for (const [operation, call] of Object.entries(calls)) {
    // Late enough for caches to be filled, and for `add` past the integers that are kept ready.
    for (let step = 0; step < rounds; step += 1) await call(step);
    counts.clear();
    for (let step = rounds; step < 2 * rounds; step += 1) await call(step);

    const perCall = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count / rounds}`);
    const { title } = operations[operation as OperationName];
    process.stdout.write(`${contender}: ${title}\n  ${perCall.join('\n  ')}\n`);
  }
}

/** Puts a counter in front of every function that is bound from now on. */
function countCalls(): void {
  const load = koffi.load.bind(koffi);
  koffi.load = (...args) => {
    const library: LibraryHandle = load(...args);
    const bind = library.func.bind(library) as (...types: unknown[]) => (...args: unknown[]) => unknown;
    const counted = (...types: unknown[]) => {
      const bound = bind(...types);
      const name = String(types[0]);
      return (...passed: unknown[]) => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return bound(...passed);
      };
    };
    return Object.create(library, { func: { value: counted } }) as LibraryHandle;
  };
}
