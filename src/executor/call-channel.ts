import { channel } from 'node:diagnostics_channel';
import type { ExecutorName } from './executor.ts';

/** What became of a call that was given up after it had started. */
export type CallOutcome =
  /** The Python code was interrupted. */
  | 'stopped'
  /** It came to its end in spite of the interruption. */
  | 'finished anyway'
  /** It is running a second later, and holds a thread. One of the other two follows if it ever ends. */
  | 'still running'
  /** It was waiting for its turn and never began. */
  | 'never ran';

/**
 * What `fidius:call` publishes. Events of one call share its `id`.
 *
 * `start` is published in the asynchronous context of the caller, before anything is sent; then either `end` or `error`.
 * An `error` of a call that was given up is followed by one or two `outcome`.
 */
export interface CallEvent {
  readonly phase: 'start' | 'end' | 'error' | 'outcome';
  /** Unique in this JavaScript thread. */
  readonly id: number;
  readonly executor: ExecutorName;
  readonly plugin: string;
  readonly interface: string;
  readonly method: string;
  /** Index of the method in the interface. */
  readonly index: number;
  /** Bytes of the encoded arguments; of the values that cross without encoding, `undefined`. */
  readonly requestBytes?: number | undefined;
  /** Bytes of the encoded result; with `end`. */
  readonly responseBytes?: number | undefined;
  /** Milliseconds from the call until its promise was settled; with `end` and `error`. */
  readonly durationMs?: number | undefined;
  /** Milliseconds of these that the Python method ran; with `end`, and with `error` when it raised. */
  readonly runMs?: number | undefined;
  /** Milliseconds of these that the call waited in this process before it was sent. */
  readonly queueMs?: number | undefined;
  readonly error?: unknown;
  readonly outcome?: CallOutcome | undefined;
}

/** Calls of any host of this JavaScript thread: https://nodejs.org/api/diagnostics_channel.html */
export const callChannel = channel('fidius:call');

type Subject = Pick<CallEvent, 'executor' | 'plugin' | 'interface' | 'method' | 'index' | 'requestBytes'>;

let lastId = 0;

/** Publishes the events of one call. Made only while somebody listens. */
export class CallTrace {
  readonly #id = ++lastId;
  readonly #subject: Subject;
  readonly #started = performance.now();
  #sent = this.#started;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#publish({ phase: 'start' });
  }

  sent(): void {
    this.#sent = performance.now();
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
    return {
      durationMs: performance.now() - this.#started,
      queueMs: this.#sent - this.#started,
      runMs: microseconds === undefined ? undefined : microseconds / 1000,
    };
  }

  #publish(event: Pick<CallEvent, 'phase'> & Partial<CallEvent>): void {
    callChannel.publish({ id: this.#id, ...this.#subject, ...event } satisfies CallEvent);
  }
}
