import { channel } from 'node:diagnostics_channel';
import { isFidiusError } from '../errors/fidius-error.ts';
import { now } from '../node/timers.ts';
import type { ExecutorName } from './executor.ts';

/** Outcome of a call that was cancelled after it was accepted. */
export type CallOutcome =
  /** The Python code was interrupted. */
  | 'stopped'
  /** It finished in spite of the interruption. */
  | 'finishedAnyway'
  /** It is running a second later, and holds a thread. One of the two above follows if it ever ends. */
  | 'stillRunning'
  /** It was waiting and never began. */
  | 'neverRan';

/**
 * An event of the channel `fidius:call`. Events of one call share its `id`.
 *
 * `start` is published in the asynchronous context of the caller, before anything is sent; then either `end` or `error`.
 * An `error` of a call that was cancelled while it waited or ran is followed by one or two `outcome` events, unless the host
 * is closed first.
 */
export interface CallEvent {
  /** `start`, then `end` or `error`; `outcome` events can follow an `error`. */
  readonly phase: 'start' | 'end' | 'error' | 'outcome';
  /** Unique in this JavaScript thread. */
  readonly id: number;
  /** Where the call runs; `inline` for one through `sync`. */
  readonly executor: ExecutorName;
  /** Name of the plugin, from its manifest. */
  readonly plugin: string;
  /** Name of the interface. */
  readonly interface: string;
  /** Name of the method in the interface. */
  readonly method: string;
  /** Index of the method in the interface. */
  readonly index: number;
  /** Bytes of the encoded arguments. With `inline` only known for raw methods: many values are passed without encoding there. */
  readonly requestBytes?: number | undefined;
  /** Bytes of the encoded result, likewise; with `end`. */
  readonly responseBytes?: number | undefined;
  /** Milliseconds from the call until its promise was settled; with `end` and `error`. */
  readonly durationMs?: number | undefined;
  /**
   * Milliseconds of these that the Python method ran, as Python measured; with `end`, and with `error` when it raised. Not
   * with `inline`, where nothing else happens meanwhile.
   */
  readonly runMs?: number | undefined;
  /** Milliseconds of these that the call waited in the queue of its plugin, before it was sent to Python. */
  readonly queueMs?: number | undefined;
  /** The value that the promise is rejected with; with `error`. */
  readonly error?: unknown;
  /** What became of the Python code of a cancelled call; with `outcome`. */
  readonly outcome?: CallOutcome | undefined;
}

/** Reports of plugins on the progress of their calls: `{ plugin, interface, method, fraction, message }`. */
export const progressChannel = channel('fidius:progress');

/** Calls of any host of this JavaScript thread: https://nodejs.org/api/diagnostics_channel.html */
export const callChannel = channel('fidius:call');

/** The common fields of the events of one call. */
export type CallSubject = Pick<CallEvent, 'executor' | 'plugin' | 'interface' | 'method' | 'index' | 'requestBytes'>;

let lastId = 0;

/** Publishes the events of one call. Created only while the channel has subscribers. */
export class CallTrace {
  readonly #id = ++lastId;
  readonly #subject: CallSubject;
  readonly #started = now();
  #sent: number | undefined;

  constructor(subject: CallSubject) {
    this.#subject = subject;
    this.#publish({ phase: 'start' });
  }

  sent(): void {
    this.#sent = now();
  }

  ended(responseBytes: number | undefined, microseconds: number | undefined): void {
    this.#publish({ phase: 'end', responseBytes, ...this.#times(microseconds) });
  }

  failed(error: unknown, microseconds: number | undefined): void {
    this.#publish({ phase: 'error', error, ...this.#times(microseconds) });
  }

  outcome(outcome: CallOutcome): void {
    this.#publish({ phase: 'outcome', outcome });
  }

  #times(microseconds: number | undefined) {
    const ended = now();
    return {
      durationMs: ended - this.#started,
      queueMs: (this.#sent ?? ended) - this.#started,
      runMs: microseconds === undefined ? undefined : microseconds / 1000,
    };
  }

  #publish(event: Pick<CallEvent, 'phase'> & Partial<CallEvent>): void {
    callChannel.publish({ id: this.#id, ...this.#subject, ...event } satisfies CallEvent);
  }
}

/**
 * Makes a call that runs on this thread, and publishes its events. Used only while the channel has subscribers.
 *
 * @param bytesOf tells the size of a result, where it is known.
 */
export function traceSync<T>(subject: CallSubject, call: () => T, bytesOf?: (result: T) => number | undefined): T {
  const trace = new CallTrace(subject);
  trace.sent();
  let result: T;
  try {
    result = call();
  } catch (error) {
    trace.failed(error, undefined);
    // On this thread a call is only cancelled by stopping it.
    if (isFidiusError(error) && error.code === 'FIDIUS_CALL_TIMEOUT') trace.outcome('stopped');
    throw error;
  }
  trace.ended(bytesOf?.(result), undefined);
  return result;
}
