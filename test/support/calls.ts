import { readFileSync } from 'node:fs';
import type { CallOptions, LoadOptions } from '../../src/index.ts';
import { type HostOfOne, loadProbe, type Probe } from './executors.ts';

const source = readFileSync(new URL('../fixtures/plugins/calls/fidius_test_calls.py', import.meta.url), 'utf8');

/** In the order of the interface, which events name by index. */
const methods = [
  'add(i32, i32): i32',
  'echo(str): str',
  '!flip',
  'fail(str)',
  'nap(f64): f64',
  'spin',
  'hold_the_lock(i32): f64',
  'search_in_vain(i32): bool',
  'swallow(i32): i32',
  'count_threads(): i32',
  'add_later(i32, i32): i32',
  'nap_later(f64): f64',
  'spin_later',
  'cannot_cross(): str',
] as const;

type NameOf<Signature extends string> = Signature extends `!${infer Name}`
  ? Name
  : Signature extends `${infer Name}(${string}`
    ? Name
    : Signature;

/** The fixture plugin `calls`, called by the names of its methods. */
export interface Calls extends Pick<Probe, 'plugin'> {
  readonly call: (
    method: NameOf<(typeof methods)[number]>,
    args?: readonly unknown[],
    options?: CallOptions,
  ) => Promise<unknown>;
}

/** Loads the fixture plugin; `name` is what errors and events call it. */
export function loadCalls(host: HostOfOne, options: LoadOptions = {}, name = 'calls'): Promise<Calls> {
  const lines = source.split('\n').filter((line) => !line.startsWith('__interface_hash__'));
  return loadProbe(host, { methods, lines, name, options });
}
