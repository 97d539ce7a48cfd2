import type { CallableMethod } from '../codec/method-codec.ts';
import { decodeValue } from '../codec/pickle/decode-value.ts';
import { type ErrorDescription, toCallError } from '../cpython/call/error-description.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { clearTimeout, setTimeout } from '../node/timers.ts';
import { type CallSubject, CallTrace, callChannel } from './call-channel.ts';
import type { ExecutorName } from './executor.ts';
import type { Lane, LaneCall } from './lane.ts';
import { type GivenUp, Patience } from './patience.ts';
import { frameFlag, frameType } from './protocol.ts';
import type { ServerConnection, Waiting } from './server-connection.ts';
import type { Tally } from './tally.ts';

/** A given-up call that goes on for longer than this, in milliseconds, is reported as still running. */
const stillRunningMs = 1000;

/** What the calls of one plugin have in common. */
export interface CallHome {
  readonly executor: ExecutorName;
  readonly plugin: string;
  readonly interfaceName: string;
  /** Number of the plugin at the server. */
  readonly number: number;
  readonly connection: ServerConnection;
  readonly lane: Lane;
  readonly tally: Tally;
  /** Calls whose promise is not settled. */
  unsettled: number;
  nameOf(method: CallableMethod): string;
  /** Called whenever a promise was settled, and whenever the server has answered. */
  onProgress(): void;
}

/**
 * One call, from its arguments being encoded to its answer.
 *
 * Its promise is settled once. When that happens because the call was given up, the call itself lives on until the server
 * has answered it: only then is known what became of it.
 */
export class RemoteCall implements LaneCall, Waiting {
  payload: Uint8Array | undefined;
  readonly home: CallHome;
  readonly #method: CallableMethod;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #patience: Patience | undefined;
  readonly #trace: CallTrace | undefined;
  /** Its number at the server; 0 until it is sent. */
  #number = 0;
  #settled = false;
  #stillRunning: NodeJS.Timeout | undefined;

  /** Encodes nothing and sends nothing yet; see {@link begin}. */
  constructor(
    home: CallHome,
    method: CallableMethod,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    payloadBytes: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.home = home;
    this.#method = method;
    this.#resolve = resolve;
    this.#reject = reject;
    if (callChannel.hasSubscribers) this.#trace = new CallTrace(subjectOf(home, method, payloadBytes));
    if (signal !== undefined || timeoutMs !== undefined) {
      this.#patience = new Patience(signal, timeoutMs, (why) => this.giveUp(this.#gaveUp(why, timeoutMs)));
    }
  }

  get title(): string {
    return `${this.home.nameOf(this.#method)}() of ${this.home.plugin}`;
  }

  /** Goes into the plugin's lane. `payload` is copied. */
  begin(payload: Uint8Array): void {
    this.home.unsettled += 1;
    this.home.connection.hold();
    try {
      this.home.lane.submit(this, payload);
    } catch (error) {
      this.#fail(error, undefined);
    }
  }

  send(payload: Uint8Array): void {
    const { connection, number } = this.home;
    const { index, codec } = this.#method;
    let flags = codec.wireRaw ? frameFlag.raw : 0;
    if (this.#trace !== undefined) {
      flags |= frameFlag.timed;
      this.#trace.sent();
    }
    this.#number = connection.call(this, number, index, flags, payload);
  }

  /** Rejects with `error` at once, and has Python stop. Does nothing when the promise is settled. */
  giveUp(error: FidiusError): void {
    if (this.#settled) return;
    const { tally, lane, connection } = this.home;
    tally.givenUp += 1;
    this.#settle();
    this.#reject(error);
    this.#trace?.failed(error, undefined);
    if (this.#number === 0) {
      lane.forget(this);
      this.#trace?.outcome('never ran');
      return;
    }
    tally.stillRunning += 1;
    connection.cancel(this.#number);
    const trace = this.#trace;
    if (trace === undefined) return;
    this.#stillRunning = setTimeout(() => trace.outcome('still running'), stillRunningMs).unref();
  }

  answered(type: number, payload: Uint8Array, microseconds: number, own: boolean): void {
    if (this.#settled) this.#learnOutcome(type);
    else this.#takeAnswer(type, payload, microseconds, own);
    this.home.lane.answered();
    this.home.onProgress();
  }

  lost(error: FidiusError): void {
    clearTimeout(this.#stillRunning);
    if (this.#number === 0) this.home.lane.forget(this);
    else this.home.lane.sent -= 1;
    if (this.#settled) this.home.tally.stillRunning -= 1;
    else this.#fail(error, undefined);
    this.home.onProgress();
  }

  #takeAnswer(type: number, payload: Uint8Array, microseconds: number, own: boolean): void {
    let value: unknown;
    try {
      if (type === frameType.raised) throw this.#raised(payload);
      if (type !== frameType.returned) throw cutOff(this.title);
      value = this.#method.codec.decodeResult(payload, own);
    } catch (error) {
      this.#fail(error, microseconds);
      return;
    }
    this.home.tally.succeeded += 1;
    this.#settle();
    this.#resolve(value);
    this.#trace?.ended(payload.length, microseconds);
  }

  #raised(payload: Uint8Array): Error {
    const { home } = this;
    return toCallError(decodeValue(payload) as ErrorDescription, home.plugin, home.nameOf(this.#method));
  }

  #learnOutcome(type: number): void {
    clearTimeout(this.#stillRunning);
    const { tally } = this.home;
    tally.stillRunning -= 1;
    if (type === frameType.skipped) {
      this.#trace?.outcome('never ran');
    } else if (type === frameType.stopped) {
      tally.stopped += 1;
      this.#trace?.outcome('stopped');
    } else {
      tally.finishedAnyway += 1;
      this.#trace?.outcome('finished anyway');
    }
  }

  #fail(error: unknown, microseconds: number | undefined): void {
    this.home.tally.failed += 1;
    this.#settle();
    this.#reject(error);
    this.#trace?.failed(error, microseconds);
  }

  #settle(): void {
    this.#settled = true;
    this.#patience?.end();
    this.home.unsettled -= 1;
    this.home.connection.letGo();
    this.home.onProgress();
  }

  #gaveUp(why: GivenUp, timeoutMs: number | undefined): FidiusError {
    const unsent = this.#number === 0;
    const where = unsent ? ' before its turn came' : '';
    if (why.by === 'signal') {
      return new FidiusError('FIDIUS_CALL_ABORTED', `${this.title} was aborted${where}`, { cause: why.reason });
    }
    return new FidiusError('FIDIUS_CALL_TIMEOUT', `${this.title} was given up${where}: its ${timeoutMs} ms are over`, {
      hint: unsent
        ? 'Make fewer calls at a time, or allow more time.'
        : 'Allow more time, or have the method do less; `stats()` tells whether Python did stop.',
    });
  }
}

/** Publishes the events of a call that was refused before it began, if somebody listens. */
export function traceRefusal(home: CallHome, method: CallableMethod, error: unknown): void {
  if (callChannel.hasSubscribers) new CallTrace(subjectOf(home, method, undefined)).failed(error, undefined);
}

function subjectOf(home: CallHome, method: CallableMethod, requestBytes: number | undefined): CallSubject {
  const { executor, plugin, interfaceName } = home;
  const { index } = method;
  return { executor, plugin, interface: interfaceName, method: home.nameOf(method), index, requestBytes };
}

/** The server stops calls only when asked, unless plugin code interferes with its threads. */
function cutOff(title: string): FidiusError {
  return new FidiusError('FIDIUS_EXECUTOR_FAILED', `${title} was cut off by something else than its caller`, {
    hint: 'Look for a plugin that raises FidiusCancelled or ends threads of the host.',
  });
}
