/**
 * The trials: one line each, read by `run.ts` from top to bottom and printed in this order.
 *
 * A budget is the largest ratio (median of ours ÷ median of the other) that the project allows itself.
 */
import { type OperationName, operations } from './operations.ts';

/** A module of `contenders/`, by file name. */
export type ContenderId =
  | 'fidius'
  | 'fidius-client'
  | 'fidius-json'
  | 'fidius-thread'
  | 'fidius-process'
  | 'node-calls-python'
  | 'c-addon'
  | 'pyodide'
  | 'pythonia'
  | 'python-shell'
  | 'bare-ping'
  | 'child-ping';

/** Names for the page; a contender without a line here goes by its id. */
export const contenderNames: Partial<Record<ContenderId, string>> = {
  fidius: 'fidius',
  'fidius-client': 'fidius, typed client',
  'fidius-json': 'fidius carrying JSON text',
  'fidius-thread': 'fidius, executor `thread`',
  'fidius-process': 'fidius, executor `process`',
  'c-addon': 'hand-written C addon',
  'bare-ping': 'bare ping-pong, no call',
  'child-ping': 'bare ping-pong with a child process, no call',
};

export interface Beside {
  readonly contender: ContenderId;
  /** What the other side does when it is not the trial's own operation. */
  readonly operation?: OperationName;
  readonly budget?: number;
  /** What the page calls it, where the name of the contender does not say what it does. */
  readonly label?: string;
}

export interface Trial {
  readonly id: string;
  readonly operation: OperationName;
  readonly ours: ContenderId;
  readonly beside: readonly Beside[];
  /** Calls under way at a time; only for operations that return promises. Default 1. */
  readonly inFlight?: number;
}

export const trials: readonly Trial[] = [
  {
    // The same thing on both sides: how far a ratio strays from 1 says what the others are worth.
    id: 'noise',
    operation: 'add',
    ours: 'fidius',
    beside: [{ contender: 'fidius' }],
  },
  {
    id: 'add',
    operation: 'add',
    ours: 'fidius',
    beside: [
      { contender: 'node-calls-python', budget: 0.5 },
      { contender: 'c-addon', budget: 4 },
      { contender: 'pyodide' },
      { contender: 'pythonia' },
    ],
  },
  {
    id: 'client',
    operation: 'add',
    ours: 'fidius-client',
    beside: [{ contender: 'fidius', budget: 1.5 }],
  },
  {
    id: 'small',
    operation: 'echoSmall',
    ours: 'fidius',
    beside: [{ contender: 'node-calls-python', budget: 0.9 }, { contender: 'pyodide' }, { contender: 'pythonia' }],
  },
  {
    id: 'rows',
    operation: 'echoRows',
    ours: 'fidius',
    beside: [
      { contender: 'node-calls-python', budget: 0.3 },
      { contender: 'fidius-json' },
      { contender: 'pyodide' },
      { contender: 'pythonia' },
    ],
  },
  {
    id: 'floats',
    operation: 'echoFloats',
    ours: 'fidius',
    beside: [{ contender: 'node-calls-python', budget: 0.45 }, { contender: 'pyodide' }, { contender: 'pythonia' }],
  },
  {
    id: 'raw',
    operation: 'echoRaw',
    ours: 'fidius',
    beside: [{ contender: 'node-calls-python', budget: 0.8 }, { contender: 'pyodide' }],
  },
  {
    id: 'numpy',
    operation: 'receiveNumpy',
    ours: 'fidius',
    beside: [{ contender: 'node-calls-python', budget: 0.01 }],
  },
  {
    id: 'rows-typed',
    operation: 'echoRows',
    ours: 'fidius-client',
    beside: [{ contender: 'fidius' }, { contender: 'node-calls-python' }],
  },
  {
    id: 'async',
    operation: 'addAsync',
    ours: 'fidius-thread',
    beside: [
      { contender: 'bare-ping', operation: 'ping', budget: 1.3 },
      { contender: 'node-calls-python' },
      { contender: 'pythonia' },
    ],
  },
  {
    id: 'in-flight',
    operation: 'addAsync',
    ours: 'fidius-thread',
    beside: [{ contender: 'node-calls-python', budget: 0.06 }],
    inFlight: 200,
  },
  {
    id: 'process',
    operation: 'addAsync',
    ours: 'fidius-process',
    beside: [
      { contender: 'child-ping', operation: 'ping', budget: 1.2 },
      { contender: 'fidius-thread' },
      { contender: 'python-shell' },
      { contender: 'pythonia' },
    ],
  },
  {
    id: 'process-in-flight',
    operation: 'addAsync',
    ours: 'fidius-process',
    beside: [{ contender: 'fidius-thread', budget: 2 }, { contender: 'python-shell' }],
    inFlight: 200,
  },
  {
    id: 'coroutine',
    operation: 'addCoroutine',
    ours: 'fidius-thread',
    beside: [{ contender: 'fidius-thread', operation: 'addAsync' }],
    inFlight: 200,
  },
  ...(['fidius-client', 'fidius-thread', 'fidius-process'] as const).map((ours) => ({
    id: `host-functions-${ours}`,
    operation: 'hostFunctions' as const,
    ours,
    // The other way: as many calls of the plugin, one after the other.
    beside: [{ contender: ours, operation: 'callIntegers' as const, budget: ours === 'fidius-client' ? 5 : 1.2 }],
  })),
  ...streamTrials('stream-inline', 'fidius-client', ['pyodide']),
  ...streamTrials('stream-thread', 'fidius-thread', ['pythonia']),
  ...streamTrials('stream-process', 'fidius-process', ['pythonia']),
];

/** Items of a stream against as many calls of the same executor: integers, also beside `peers`, and rows. */
function streamTrials(id: string, ours: ContenderId, peers: readonly ContenderId[]): readonly Trial[] {
  const inTurn = (operation: OperationName): Beside => {
    return { contender: ours, operation, budget: 0.05, label: operations[operation].title };
  };
  return [
    {
      id: `${id}-integers`,
      operation: 'streamIntegers',
      ours,
      beside: [inTurn('callIntegers'), ...peers.map((contender) => ({ contender }))],
    },
    { id: `${id}-rows`, operation: 'streamRows', ours, beside: [inTurn('callRows')] },
  ];
}

/** Calls after which resident memory must be what it was. */
export const memoryTrials: readonly MemoryTrial[] = [
  { contender: 'fidius', operation: 'add', calls: 1_000_000 },
  { contender: 'fidius', operation: 'echoSmall', calls: 1_000_000 },
  { contender: 'fidius-thread', operation: 'addAsync', calls: 1_000_000, inFlight: 200 },
];

export interface MemoryTrial {
  readonly contender: ContenderId;
  readonly operation: OperationName;
  readonly calls: number;
  readonly inFlight?: number;
}

/** What the allocators of two languages may keep back for themselves; a leak of one object per call is far more. */
export const memoryBudgetBytes = 4 * 1024 * 1024;

/** While sixteen plugins are busy: the 99th percentile of the delay of the event loop, and the slowest of many reads. */
export const underLoadBudget = { delayP99Ms: 20, readFileWorstMs: 50 } as const;

/** What a process holds while it has nothing to do; each a script of `idle/`. */
export const idle = {
  baseline: 'bare-node',
  others: ['fidius', 'fidius-thread', 'node-calls-python'],
} as const;

/** From the start of a process to its first result; each a script of `start-up/`. */
export const startUp = {
  baseline: 'bare-node',
  names: { 'import-fidius': "`import 'fidius'` alone" } as Readonly<Record<string, string>>,
  peer: 'c-addon',
  /** What ours may take over the baseline, from what the peer takes over it in the same run; milliseconds. */
  budgets: { fidius: (peerMs: number) => 1.5 * peerMs, 'import-fidius': () => 20 },
  beside: ['fidius-process', 'c-addon', 'node-calls-python', 'pyodide', 'pythonia'],
} as const;
