import { channel, subscribe } from 'node:diagnostics_channel';
import { messageOf } from '../../errors/is-error.ts';
import type { ExecutorName } from '../../executor/executor.ts';
import { now } from '../../node/timers.ts';
import type { SkippedPackage } from '../../packaging/discover-packages.ts';
import { describeVendorConflict, type VendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';

/** What `fidius:load` publishes: a step of loading a package. A listener must not throw. */
export interface LoadEvent {
  /** `start`, then either `end` or `error`. */
  readonly phase: 'start' | 'end' | 'error';
  /** The same in all events of one load, and unique in this JavaScript thread. */
  readonly id: number;
  /** Folder or archive of the package; of a load by a host once it is found. */
  readonly path?: string | undefined;
  /** Name of the requested interface. */
  readonly interface: string;
  /** Name of the package; of `loadPythonPlugin()` once the manifest is read. */
  readonly plugin?: string | undefined;
  /** Dotted name of the entry module, once the manifest is read. */
  readonly entryModule?: string | undefined;
  /** Where its calls run; `undefined` for a handle of `loadPythonPlugin()`. */
  readonly executor?: ExecutorName | undefined;
  /** See `PluginInfo`. */
  readonly skipped?: readonly SkippedPackage[] | undefined;
  /** See `PluginInfo`; known before the package is imported. */
  readonly vendorConflicts?: readonly VendorConflict[] | undefined;
  /** Milliseconds since `start`; with `end` and `error`. */
  readonly durationMs?: number | undefined;
  /** The value that the load failed with; with `error`. */
  readonly error?: unknown;
}

/** Loading of packages, by any host of this JavaScript thread. */
const loadChannel = channel('fidius:load');

/** The details of a load, added as they become known. */
export interface LoadDetails {
  path?: string;
  plugin?: string;
  entryModule?: string;
  executor?: ExecutorName;
  skipped?: readonly SkippedPackage[];
  vendorConflicts?: readonly VendorConflict[];
}

type Subject = Pick<LoadEvent, 'path' | 'interface' | 'plugin'>;

/** Publishes the start of loading, and its end or error; costs nothing while nobody listens. */
export async function traceLoad<T>(subject: Subject, load: (details: LoadDetails) => Promise<T>): Promise<T> {
  const trace = new LoadTrace(subject);
  try {
    const result = await load(trace.details);
    trace.finish('end');
    return result;
  } catch (error) {
    trace.finish('error', error);
    throw error;
  }
}

let lastId = 0;

class LoadTrace {
  readonly #id = ++lastId;
  readonly details: LoadDetails = {};
  readonly #subject: Subject;
  readonly #started = now();

  constructor(subject: Subject) {
    this.#subject = subject;
    if (loadChannel.hasSubscribers)
      loadChannel.publish({ phase: 'start', id: this.#id, ...subject } satisfies LoadEvent);
  }

  finish(phase: 'end' | 'error', error?: unknown): void {
    if (!loadChannel.hasSubscribers) return;
    const durationMs = now() - this.#started;
    const event: LoadEvent = { phase, id: this.#id, ...this.#subject, ...this.details, durationMs };
    loadChannel.publish(phase === 'error' ? { ...event, error } : event);
  }
}

let listening = false;

/**
 * Prints the events of the channel `fidius:load` to stderr when `FIDIUS_DEBUG` is set to anything but `0`. Only the first call
 * has an effect.
 */
export function printLoads(env: NodeJS.ProcessEnv): void {
  if (listening || (env['FIDIUS_DEBUG'] ?? '0') === '0' || env['FIDIUS_DEBUG'] === '') return;
  listening = true;
  subscribe('fidius:load', (message) => {
    const event = message as LoadEvent;
    for (const line of [...warnings(event), loadLine(event)]) console.error(`fidius: ${line}`);
  });
}

function warnings({ phase, skipped = [], vendorConflicts = [] }: LoadEvent): string[] {
  if (phase === 'start') return [];
  return [
    ...skipped.map(({ path, reason }) => `skipped ${path}: ${reason.message}`),
    ...vendorConflicts.map((conflict) => describeVendorConflict(conflict).message),
  ];
}

function loadLine({ phase, path, interface: name, plugin, entryModule, durationMs, error }: LoadEvent): string {
  const took = durationMs === undefined ? '' : ` after ${durationMs.toFixed(1)} ms`;
  switch (phase) {
    case 'start':
      return `loading ${path ?? plugin} for ${name}`;
    case 'end':
      return `loaded ${plugin} (module ${entryModule}) from ${path}${took}`;
    case 'error':
      return `failed to load ${path ?? plugin}${took}: ${messageOf(error)}`;
  }
}
