import { channel } from 'node:diagnostics_channel';
import type { ExecutorName } from '../../executor/executor.ts';
import { now } from '../../node/timers.ts';
import type { SkippedPackage } from '../../packaging/discover-packages.ts';
import type { VendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';

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
export const loadChannel = channel('fidius:load');

/** What becomes known while loading; filled in as it does. */
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
export function traceLoad<T>(subject: Subject, load: (details: LoadDetails) => T): T {
  const trace = new LoadTrace(subject);
  try {
    const result = load(trace.details);
    trace.finish('end');
    return result;
  } catch (error) {
    trace.finish('error', error);
    throw error;
  }
}

/** The same for loading that takes its time. */
export async function traceLoadAsync<T>(subject: Subject, load: (details: LoadDetails) => Promise<T>): Promise<T> {
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
