import { channel } from 'node:diagnostics_channel';

/** What `fidius:load` publishes: a step of loading a package. The listener must not throw. */
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

/** Loading of packages: https://nodejs.org/api/diagnostics_channel.html */
export const loadChannel = channel('fidius:load');

/** Publishes start and end, or error, of loading around `load`; costs nothing while nobody listens. */
export function traceLoad<T>(about: Pick<LoadEvent, 'path' | 'interface'>, load: (details: LoadDetails) => T): T {
  const details: LoadDetails = {};
  if (!loadChannel.hasSubscribers) return load(details);
  const started = performance.now();
  const publish = (phase: LoadEvent['phase'], rest: Partial<LoadEvent> = {}) =>
    loadChannel.publish({ phase, ...about, ...details, ...rest } satisfies LoadEvent);
  publish('start');
  try {
    const result = load(details);
    publish('end', { durationMs: performance.now() - started });
    return result;
  } catch (error) {
    publish('error', { durationMs: performance.now() - started, error });
    throw error;
  }
}

/** What becomes known while loading; filled in as it does. */
export interface LoadDetails {
  plugin?: string;
  entryModule?: string;
}
