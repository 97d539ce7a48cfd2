import type { Search } from '../../../src/cpython/locate/locator.ts';

/** What a locator is given when a host has no options, and nothing in its environment. */
export const bareSearch: Search = {
  libpython: undefined,
  python: undefined,
  cwd: '/',
  env: {},
  allowStatic: false,
  toStart: false,
  isolatePython: false,
  probeTimeoutMs: 10_000,
  deferProbes: false,
};
