import { channel } from 'node:diagnostics_channel';

/** What `fidius:load` publishes: a step of loading a package. A listener must not throw. */
export interface LoadEvent {
  readonly phase: 'start' | 'end' | 'error';
  /** Folder of the package. */
  readonly path: string;
  readonly interface: string;
  /** Name of the package, once its manifest is read. */
  readonly plugin?: string | undefined;
  readonly entryModule?: string | undefined;
  /** Milliseconds since `start`; with `end` and `error`. */
  readonly durationMs?: number | undefined;
  readonly error?: unknown;
}

/** Loading of packages, by any host of this JavaScript thread. */
export const loadChannel = channel('fidius:load');

/** What becomes known while loading; filled in as it does. */
export interface LoadDetails {
  plugin?: string;
  entryModule?: string;
}

type Subject = Pick<LoadEvent, 'path' | 'interface'>;

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

class LoadTrace {
  readonly details: LoadDetails = {};
  readonly #subject: Subject;
  readonly #started = performance.now();

  constructor(subject: Subject) {
    this.#subject = subject;
    if (loadChannel.hasSubscribers) loadChannel.publish({ phase: 'start', ...subject } satisfies LoadEvent);
  }

  finish(phase: 'end' | 'error', error?: unknown): void {
    if (!loadChannel.hasSubscribers) return;
    const durationMs = performance.now() - this.#started;
    const event: LoadEvent = { phase, ...this.#subject, ...this.details, durationMs };
    loadChannel.publish(phase === 'error' ? { ...event, error } : event);
  }
}
