import { FidiusTypeError } from '../../errors/fidius-error.ts';
import {
  checkBoolean,
  checkChoice,
  checkCount,
  checkOptionNames,
  checkTimeout,
  describe,
} from '../../errors/options.ts';

/** Limits of a process, which the system enforces. Each is set before code of the plugin runs. */
export interface ProcessLimits {
  /** Maximum size of the address space in bytes. Allocations beyond it raise `MemoryError`. Linux only. */
  readonly memoryBytes?: number | undefined;
  /** Maximum processor time in seconds. Then the system ends the process. */
  readonly cpuSeconds?: number | undefined;
  /** Maximum number of open files. */
  readonly openFiles?: number | undefined;
  /** Maximum number of processes and threads of the user. It does not apply to root. */
  readonly processes?: number | undefined;
  /** Maximum size in bytes of a file that the process writes. */
  readonly fileBytes?: number | undefined;
}

/** When a process that has crashed is started again. */
export interface RestartOptions {
  /**
   * Number of crashes within `withinMs` after which it is not started again.
   *
   * @default 5
   */
  readonly maxCrashes?: number | undefined;
  /**
   * Milliseconds in which crashes are counted.
   *
   * @default 60_000
   */
  readonly withinMs?: number | undefined;
  /**
   * Milliseconds before the first restart. The delay doubles with each further crash.
   *
   * @default 100
   */
  readonly delayMs?: number | undefined;
  /**
   * Maximum delay in milliseconds.
   *
   * @default 30_000
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * Milliseconds without a crash after which earlier crashes no longer count.
   *
   * @default 30_000
   */
  readonly healthyAfterMs?: number | undefined;
}

/** When a process is replaced by a new one. The new one is ready before the old one finishes its calls and ends. */
export interface RecycleOptions {
  /**
   * After this number of calls.
   *
   * @default never
   */
  readonly calls?: number | undefined;
  /**
   * When its resident memory exceeds this number of bytes. Linux only.
   *
   * @default never
   */
  readonly memoryBytes?: number | undefined;
  /**
   * After this time in milliseconds.
   *
   * @default never
   */
  readonly ageMs?: number | undefined;
  /**
   * After this time in milliseconds without a call it is ended, and gives back its memory. The next call starts it again, and waits
   * for that whatever `whileRestarting` says.
   *
   * @default never
   */
  readonly idleMs?: number | undefined;
}

/** Options of the executor `process`. */
export interface ProcessOptions {
  /**
   * The interpreter: a path, a command on `PATH`, the folder of a virtual environment, or a version such as `3.13`. It needs no
   * shared library.
   *
   * @default the interpreter that the host would use
   */
  readonly python?: string | undefined;
  /**
   * Environment variables of the process, in addition to the few that every process gets, such as `PATH` and `HOME`.
   * `undefined` removes one of these. Pass `process.env` to let the process inherit everything.
   *
   * @default {}
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Working folder of the process.
   *
   * @default that of this process
   */
  readonly cwd?: string | undefined;
  /**
   * File mode creation mask of the process, such as `0o077`.
   *
   * @default that of this process
   */
  readonly umask?: number | undefined;
  /**
   * Limits that the system enforces.
   *
   * @default none
   */
  readonly limits?: ProcessLimits | undefined;
  /**
   * Plugins of a host with the same group share one process. The first of them decides its options.
   *
   * @default a process for each plugin
   */
  readonly group?: string | undefined;
  /**
   * Number of processes of the plugin. Calls are distributed over them. Each has its own module state.
   *
   * @default 1
   */
  readonly instances?: number | undefined;
  /**
   * Milliseconds that the start of the process may take, within the time limit of the load.
   *
   * @default 30_000
   */
  readonly startTimeoutMs?: number | undefined;
  /**
   * Milliseconds that a call may continue after its deadline or its cancellation. Then its process receives `SIGTERM`.
   *
   * @default 500
   */
  readonly terminateAfterMs?: number | undefined;
  /**
   * Milliseconds from `SIGTERM` to `SIGKILL`.
   *
   * @default 500
   */
  readonly killAfterMs?: number | undefined;
  /**
   * When a process that has crashed is started again; `false`: never.
   *
   * @default {}
   */
  readonly restart?: RestartOptions | false | undefined;
  /**
   * A call that was in flight at this number of crashes is refused with `FIDIUS_PROCESS_POISONED`: the same method with the same
   * arguments. It is accepted again `restart.healthyAfterMs` after the last of them. `false`: calls are never refused.
   *
   * @default 2
   */
  readonly refuseAfterCrashes?: number | false | undefined;
  /**
   * When a process is replaced by a new one, although it works.
   *
   * @default never
   */
  readonly recycle?: RecycleOptions | undefined;
  /**
   * Keeps a second process ready, which has loaded the plugin, too, and takes the place of one that has crashed or was terminated.
   * It doubles the memory, and the code of the module runs twice.
   *
   * @default false
   */
  readonly spare?: boolean | undefined;
  /**
   * Whether calls that are made while no process is ready wait for one, or are rejected with `FIDIUS_PROCESS_RESTARTING`.
   *
   * @default 'wait'
   */
  readonly whileRestarting?: 'wait' | 'refuse' | undefined;
}

/** Options with their defaults. */
export interface ProcessSettings {
  readonly python: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly umask: number | undefined;
  readonly limits: ProcessLimits;
  readonly group: string | undefined;
  readonly instances: number;
  readonly startTimeoutMs: number;
  readonly terminateAfterMs: number;
  readonly killAfterMs: number;
  readonly restart: RestartPolicy;
  readonly refusal: RefusalPolicy;
  readonly recycle: RecycleOptions | undefined;
  readonly spare: boolean;
  readonly refusesWhileRestarting: boolean;
}

/** {@link RestartOptions} with their defaults. */
export type RestartPolicy = { readonly [Name in keyof RestartOptions]-?: number };

/** When a call is refused because of the crashes that it was in flight at. */
export interface RefusalPolicy {
  /** Number of crashes. `Infinity`: never. */
  readonly afterCrashes: number;
  /** Milliseconds after the last of them until the call is tried again. */
  readonly forMs: number;
}

const optionNames = [
  'python',
  'env',
  'cwd',
  'umask',
  'limits',
  'group',
  'instances',
  'startTimeoutMs',
  'terminateAfterMs',
  'killAfterMs',
  'restart',
  'refuseAfterCrashes',
  'recycle',
  'spare',
  'whileRestarting',
];
const limitNames = ['memoryBytes', 'cpuSeconds', 'openFiles', 'processes', 'fileBytes'] as const;
const restartNames = ['maxCrashes', 'withinMs', 'delayMs', 'maxDelayMs', 'healthyAfterMs'] as const;

const maxInstances = 256;

/** @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`. */
export function checkProcessOptions(options: ProcessOptions | undefined): void {
  if (options === undefined) return;
  checkOptionNames('process', options, optionNames);
  for (const name of ['python', 'cwd', 'group'] as const) checkText(named(name), options[name]);
  checkEnvironment(options.env);
  checkCount(named('umask'), options.umask, 0, 0o777);
  checkCount(named('instances'), options.instances, 1, maxInstances);
  checkTimeout(named('startTimeoutMs'), options.startTimeoutMs);
  checkDelay(named('terminateAfterMs'), options.terminateAfterMs);
  checkDelay(named('killAfterMs'), options.killAfterMs);
  if (options.whileRestarting !== undefined) {
    checkChoice('process', 'whileRestarting', options.whileRestarting, ['wait', 'refuse']);
  }
  checkLimits(options.limits);
  checkRestart(options.restart);
  if (options.refuseAfterCrashes !== false) {
    checkCount(named('refuseAfterCrashes'), options.refuseAfterCrashes, 1, Number.MAX_SAFE_INTEGER);
  }
  checkRecycle(options.recycle);
  checkBoolean(named('spare'), options.spare);
  if (options.group === undefined || (options.instances ?? 1) === 1) return;
  throw new FidiusTypeError(
    'FIDIUS_OPTION_INVALID',
    `${named('instances')} cannot be used together with ${named('group')}: plugins of a group share one process`,
  );
}

/** Options of a load; what it leaves undefined comes from the host. */
export function toProcessSettings(options: ProcessOptions = {}, defaults: ProcessOptions = {}): ProcessSettings {
  const given = { ...defaults, ...withoutUndefined(options) };
  const { restart = {}, refuseAfterCrashes = 2 } = given;
  const healthyAfterMs = (restart || {}).healthyAfterMs ?? 30_000;
  return {
    python: given.python,
    env: given.env ?? {},
    cwd: given.cwd,
    umask: given.umask,
    limits: given.limits ?? {},
    group: given.group,
    instances: given.instances ?? 1,
    startTimeoutMs: given.startTimeoutMs ?? 30_000,
    terminateAfterMs: given.terminateAfterMs ?? 500,
    killAfterMs: given.killAfterMs ?? 500,
    restart: {
      maxCrashes: restart === false ? 1 : (restart.maxCrashes ?? 5),
      withinMs: restart === false ? Number.POSITIVE_INFINITY : (restart.withinMs ?? 60_000),
      delayMs: (restart || {}).delayMs ?? 100,
      maxDelayMs: (restart || {}).maxDelayMs ?? 30_000,
      healthyAfterMs,
    },
    refusal: {
      afterCrashes: refuseAfterCrashes === false ? Number.POSITIVE_INFINITY : refuseAfterCrashes,
      forMs: healthyAfterMs,
    },
    recycle: given.recycle,
    spare: given.spare === true,
    refusesWhileRestarting: given.whileRestarting === 'refuse',
  };
}

function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be a non-empty string, got ${describe(value)}`);
}

function checkEnvironment(env: unknown): void {
  if (env === undefined) return;
  const isRecord = typeof env === 'object' && env !== null && !Array.isArray(env);
  if (!isRecord) {
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `${named('env')} must be an object, got ${describe(env)}`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || typeof value === 'string') continue;
    // Without the value, which may be a secret.
    throw new FidiusTypeError(
      'FIDIUS_OPTION_INVALID',
      `${named(`env.${name}`)} must be a string, got a ${typeof value}`,
    );
  }
}

/** A time that may be 0. */
function checkDelay(name: string, value: unknown): void {
  if (value !== 0) checkTimeout(name, value);
}

function checkLimits(limits: ProcessLimits | undefined): void {
  if (limits === undefined) return;
  checkOptionNames(named('limits'), limits, limitNames);
  for (const name of limitNames) checkCount(named(`limits.${name}`), limits[name], 0, Number.MAX_SAFE_INTEGER);
}

function checkRestart(restart: RestartOptions | false | undefined): void {
  if (restart === undefined || restart === false) return;
  checkOptionNames(named('restart'), restart, restartNames);
  checkCount(named('restart.maxCrashes'), restart.maxCrashes, 1, Number.MAX_SAFE_INTEGER);
  for (const name of ['withinMs', 'delayMs', 'maxDelayMs', 'healthyAfterMs'] as const) {
    checkDelay(named(`restart.${name}`), restart[name]);
  }
}

function checkRecycle(recycle: RecycleOptions | undefined): void {
  if (recycle === undefined) return;
  checkOptionNames(named('recycle'), recycle, ['calls', 'memoryBytes', 'ageMs', 'idleMs']);
  checkCount(named('recycle.calls'), recycle.calls, 1, Number.MAX_SAFE_INTEGER);
  checkCount(named('recycle.memoryBytes'), recycle.memoryBytes, 1, Number.MAX_SAFE_INTEGER);
  checkTimeout(named('recycle.ageMs'), recycle.ageMs);
  checkTimeout(named('recycle.idleMs'), recycle.idleMs);
}

/** How the reader knows an option. */
function named(option: string): string {
  return `process.${option}`;
}
