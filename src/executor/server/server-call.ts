import type { CallableMethod } from '../../codec/method-codec.ts';
import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { atCall } from '../../errors/call-place.ts';
import { type CallEnding, CallTimeoutError } from '../../errors/call-timeout-error.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ProcessError } from '../../errors/process-error.ts';
import { clearTimeout, emitSafely, now, setTimeout } from '../../node/timers.ts';
import type { ServerMessage } from '../../protocol/conversation.ts';
import { addHostCause, type ErrorDescription, setCause, toCallError } from '../../protocol/error-description.ts';
import { frameFlag, frameType } from '../../protocol/frames.ts';
import type { CallCounters } from '../call-counters.ts';
import { type CallSubject, CallTrace, callChannel, progressChannel } from '../call-events.ts';
import { CancellationWatch, type CancelReason } from '../cancellation-watch.ts';
import type { CallOptions, CallProgress, ExecutorName } from '../executor.ts';
import { currentHostCall } from '../host-call-chain.ts';
import type { CallConversation } from './call-conversation.ts';
import type { CallQueue, QueuedCall } from './call-queue.ts';
import type { PendingCall, ServerConnection } from './server-connection.ts';

/** A cancelled call that runs on for longer than this, in milliseconds, is reported as still running. */
const stillRunningMs = 1000;

/** Knows the calls that a server must not receive, by what has become of earlier calls. */
export interface CallGuard {
  /** Copies the arguments of a call that is sent; `undefined` if the call is not watched. */
  keep(payload: Uint8Array): Uint8Array | undefined;
  /** Why a call must not be sent; `undefined` if it may be sent. */
  refusal(method: number, payload: Uint8Array, title: string): FidiusError | undefined;
  /** A watched call was answered after it had begun. */
  answered(method: number, payload: Uint8Array): void;
  /** The connection has ended before a watched call was answered. */
  lost(method: number, payload: Uint8Array, error: FidiusError): void;
}

/** The common context of the calls of one plugin. */
export interface CallContext {
  readonly executor: ExecutorName;
  readonly plugin: string;
  readonly interfaceName: string;
  /** Number of the plugin at its server. */
  readonly number: number;
  readonly connection: ServerConnection;
  readonly queue: CallQueue;
  readonly counters: CallCounters;
  /** `undefined` if all calls are sent. */
  readonly guard: CallGuard | undefined;
  /** Returns the trace context of the running code, as it precedes the arguments; `undefined` if none is passed. */
  readonly traceHeader: (() => Uint8Array | undefined) | undefined;
  /** Calls whose promise is not settled. */
  unsettled: number;
  nameOf(method: CallableMethod): string;
  /** Called when a promise was settled, and when the server has answered. */
  onProgress(): void;
}

/**
 * One call, from its encoded arguments to its answer.
 *
 * Its promise is settled once. A cancelled call remains after that until the server has answered it: only then is its outcome
 * known.
 */
export class ServerCall implements QueuedCall, PendingCall {
  payload: Uint8Array | undefined;
  readonly context: CallContext;
  readonly #method: CallableMethod;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #cancellation: CancellationWatch | undefined;
  readonly #conversation: CallConversation | undefined;
  readonly #onProgress: CallOptions['onProgress'];
  readonly #trace: CallTrace | undefined;
  /** Its number at the server; 0 until it is sent. */
  #number = 0;
  /** The arguments, while the call is watched. */
  #kept: Uint8Array | undefined;
  readonly #traceHeader: Uint8Array | undefined;
  /** The host function that has made the call. */
  readonly #chain = currentHostCall();
  /** What host functions threw during the call, by the numbers of their calls. */
  #hostErrors: ReadonlyMap<number, unknown> | undefined;
  #settled = false;
  /** Set when the deadline has passed and the call is being ended by force: its promise is settled after that. */
  #overdue: { readonly since: number; readonly timeoutMs: number | undefined } | undefined;
  #endStopping: (() => void) | undefined;
  #stillRunning: NodeJS.Timeout | undefined;

  /** Sends nothing yet; see {@link begin}. */
  constructor(
    context: CallContext,
    method: CallableMethod,
    { signal, timeoutMs, onProgress }: CallOptions,
    payloadBytes: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    conversation?: CallConversation,
  ) {
    this.#conversation = conversation;
    this.#onProgress = onProgress;
    this.context = context;
    this.#method = method;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#traceHeader = context.traceHeader?.();
    if (callChannel.hasSubscribers) this.#trace = new CallTrace(subjectOf(context, method, payloadBytes));
    if (signal !== undefined || timeoutMs !== undefined) {
      this.#cancellation = new CancellationWatch(signal, timeoutMs, (reason) => {
        if (reason.by === 'deadline' && this.#isStoppable()) this.#stop(timeoutMs);
        else this.cancel(this.#cancelled(reason, timeoutMs));
      });
    }
  }

  get title(): string {
    return `${this.context.nameOf(this.#method)}() of ${this.context.plugin}`;
  }

  /** Adds the call to the queue of its plugin. `payload` is copied. */
  begin(payload: Uint8Array): void {
    this.context.unsettled += 1;
    this.context.connection.ref();
    try {
      // A host function waits for it, and a call that is in flight for the host function: it must not wait for that call.
      this.context.queue.submit(this, payload, this.#chain !== undefined);
    } catch (error) {
      this.#fail(error, undefined);
    }
  }

  send(payload: Uint8Array): void {
    const { connection, number, guard } = this.context;
    const { index, codec } = this.#method;
    let flags = codec.wireRaw ? frameFlag.raw : 0;
    if (this.#trace !== undefined) {
      flags |= frameFlag.timed;
      this.#trace.sent();
    }
    this.#kept = guard?.keep(payload);
    const header = this.#traceHeader;
    if (header !== undefined) flags |= frameFlag.traced;
    const given = header === undefined ? payload : Buffer.concat([header, payload]);
    this.#number = connection.call(this, number, index, flags, given);
    if (this.#chain !== undefined) connection.hostCalls.started(this.#number, this.#chain);
    this.#conversation?.started({
      send: (message) => connection.send(this.#number, message),
      cancel: () => this.cancel(streamClosed(this.title)),
      hold: () => connection.ref(),
      release: () => connection.unref(),
    });
  }

  received(message: ServerMessage): boolean {
    if (message.kind === 'progress') {
      if (!this.#settled) this.#report(message.payload);
      return true;
    }
    const conversation = this.#conversation;
    if (conversation === undefined) return false;
    // What Python has sent before it knew of the cancellation.
    if (this.#settled) return true;
    try {
      return conversation.received(message);
    } catch (error) {
      if (!isFidiusError(error) || error.code === 'FIDIUS_WIRE_CORRUPT') throw error;
      // The items before the one that cannot be converted are still delivered.
      this.cancel(error, false);
      return true;
    }
  }

  #report(payload: Uint8Array): void {
    const [fraction, text] = decodeValue(payload) as readonly [number | null, string | null];
    const progress: CallProgress = { fraction: fraction ?? undefined, message: text ?? undefined };
    const { plugin, interfaceName } = this.context;
    if (progressChannel.hasSubscribers) {
      const method = this.context.nameOf(this.#method);
      progressChannel.publish({ plugin, interface: interfaceName, method, ...progress });
    }
    if (this.#onProgress !== undefined) emitSafely(this.#onProgress, progress);
  }

  /**
   * Rejects with `reason` immediately, and asks Python to stop. Does nothing if the promise is settled.
   *
   * @param discards whether items of the result stream that were not taken are dropped.
   */
  cancel(reason: FidiusError, discards = true): void {
    if (this.#settled) return;
    const error = this.#explained(reason);
    const { counters, queue, connection } = this.context;
    const isStopping = this.#overdue !== undefined;
    if (!isStopping) counters.cancelled += 1;
    if (discards) this.#conversation?.output?.discard();
    this.#settle();
    this.#reject(error);
    this.#trace?.failed(error, undefined);
    if (isStopping) return;
    if (this.#number === 0) {
      queue.remove(this);
      this.#trace?.outcome('neverRan');
      return;
    }
    counters.stillRunning += 1;
    connection.cancel(this.#number);
    connection.hostCalls.cancelled(this.#number);
    this.#endStopping = connection.stopper?.begin(this.title);
    const trace = this.#trace;
    if (trace === undefined) return;
    this.#stillRunning = setTimeout(() => trace.outcome('stillRunning'), stillRunningMs).unref();
  }

  answered(type: number, payload: Uint8Array, microseconds: number, own: boolean): void {
    this.#endStopping?.();
    this.#hostErrors = this.context.connection.hostCalls.ended(this.#number);
    if (this.#kept !== undefined && type !== frameType.skipped) {
      this.context.guard?.answered(this.#method.index, this.#kept);
    }
    if (this.#overdue !== undefined) this.#endOverdue(endingOf(type));
    if (this.#settled) this.#recordOutcome(type);
    else this.#takeAnswer(type, payload, microseconds, own);
    this.#conversation?.output?.answered();
    this.context.queue.answered();
    this.context.onProgress();
  }

  lost(error: FidiusError): void {
    clearTimeout(this.#stillRunning);
    this.#endStopping?.();
    const { counters, queue, connection, guard } = this.context;
    if (this.#kept !== undefined) guard?.lost(this.#method.index, this.#kept, error);
    if (this.#number === 0) queue.remove(this);
    else queue.sent -= 1;
    const step = connection.stopper?.step;
    if (this.#overdue !== undefined && step !== undefined) this.#endOverdue(step, error);
    if (this.#settled || this.#overdue !== undefined) counters.stillRunning -= 1;
    if (!this.#settled) this.#fail(this.#explainLoss(error), undefined);
    this.#conversation?.output?.answered();
    this.context.onProgress();
  }

  /** Whether the server can be ended by force if this call does not stop. */
  #isStoppable(): boolean {
    return this.#number !== 0 && this.context.connection.stopper !== undefined;
  }

  /** The deadline has passed: the call is stopped, if need be together with its server. */
  #stop(timeoutMs: number | undefined): void {
    const { counters, connection } = this.context;
    counters.cancelled += 1;
    counters.stillRunning += 1;
    this.#overdue = { since: now(), timeoutMs };
    connection.cancel(this.#number);
    connection.hostCalls.cancelled(this.#number);
    this.#endStopping = connection.stopper?.begin(this.title);
  }

  /** The call has ended after its deadline. */
  #endOverdue(endedBy: CallEnding, cause?: unknown): void {
    if (this.#settled || this.#overdue === undefined) return;
    const { since, timeoutMs } = this.#overdue;
    const overdueMs = Math.round(now() - since);
    const otherCalls = this.context.connection.pending().filter((each) => each !== this).length;
    const error = new CallTimeoutError(this.title, timeoutMs, { endedBy, overdueMs, otherCalls }, cause);
    this.#settle();
    this.#reject(error);
    this.#trace?.failed(error, undefined);
  }

  #explainLoss(error: FidiusError): FidiusError {
    return error instanceof ProcessError ? error.concerning(`${this.title} failed`, this.#number !== 0) : error;
  }

  #takeAnswer(type: number, payload: Uint8Array, microseconds: number, own: boolean): void {
    let value: unknown;
    try {
      if (type === frameType.raised) throw this.#raised(payload);
      if (type !== frameType.returned) throw stoppedUnasked(this.title);
      if (this.#conversation?.output === undefined) value = this.#method.codec.decodeResult(payload, own);
    } catch (error) {
      this.#fail(error, microseconds);
      return;
    }
    this.context.counters.succeeded += 1;
    this.#settle();
    this.#resolve(value);
    this.#trace?.ended(payload.length, microseconds);
  }

  #raised(payload: Uint8Array): Error {
    const { context } = this;
    const description = decodeValue(payload) as ErrorDescription;
    const error = toCallError(description, context.plugin, context.nameOf(this.#method));
    const input = this.#conversation?.input?.error;
    if (input !== undefined && description.pythonType.endsWith('.InputStreamError')) setCause(error, input.thrown);
    addHostCause(error, this.#hostErrors);
    return error;
  }

  #recordOutcome(type: number): void {
    clearTimeout(this.#stillRunning);
    const { counters } = this.context;
    counters.stillRunning -= 1;
    if (type === frameType.skipped) {
      this.#trace?.outcome('neverRan');
    } else if (type === frameType.stopped) {
      counters.stopped += 1;
      this.#trace?.outcome('stopped');
    } else {
      counters.finishedAnyway += 1;
      this.#trace?.outcome('finishedAnyway');
    }
  }

  #fail(reason: unknown, microseconds: number | undefined): void {
    const error = this.#explained(reason);
    this.context.counters.failed += 1;
    this.#settle();
    this.#reject(error);
    this.#trace?.failed(error, microseconds);
  }

  /** The error of this call: many calls may fail for one reason. */
  #explained(reason: unknown): unknown {
    return atCall(reason, this.context.plugin, this.context.nameOf(this.#method));
  }

  #settle(): void {
    this.#conversation?.settling();
    this.#settled = true;
    this.#cancellation?.end();
    this.context.unsettled -= 1;
    this.context.connection.unref();
    this.context.onProgress();
  }

  #cancelled(reason: CancelReason, timeoutMs: number | undefined): FidiusError {
    const unsent = this.#number === 0;
    const where = unsent ? ' before it was sent' : '';
    if (reason.by === 'signal') {
      return new FidiusError('FIDIUS_CALL_ABORTED', `${this.title} was aborted${where}`, { cause: reason.reason });
    }
    return new FidiusError('FIDIUS_CALL_TIMEOUT', `${this.title} timed out after ${timeoutMs} ms${where}`, {
      hint: unsent
        ? 'Make fewer calls at the same time, or allow more time.'
        : 'Allow more time, or have the method do less; `stats()` reports whether Python has stopped.',
    });
  }
}

function endingOf(type: number): CallEnding {
  if (type === frameType.skipped) return 'neverRan';
  return type === frameType.stopped ? 'exception' : 'finishedAnyway';
}

/** Publishes the events of a call that was rejected before it began, if the channel has subscribers. */
export function traceRefusal(context: CallContext, method: CallableMethod, error: unknown): void {
  if (callChannel.hasSubscribers) new CallTrace(subjectOf(context, method, undefined)).failed(error, undefined);
}

function subjectOf(context: CallContext, method: CallableMethod, requestBytes: number | undefined): CallSubject {
  const { executor, plugin, interfaceName } = context;
  const { index } = method;
  return { executor, plugin, interface: interfaceName, method: context.nameOf(method), index, requestBytes };
}

function streamClosed(title: string): FidiusError {
  return new FidiusError('FIDIUS_CALL_ABORTED', `The stream of ${title} was closed`);
}

/** The server stops calls only on request, unless plugin code interferes with its threads. */
function stoppedUnasked(title: string): FidiusError {
  return new FidiusError('FIDIUS_EXECUTOR_FAILED', `${title} was cancelled by something other than its caller`, {
    hint: 'Call it again. If it happens again, load the plugins one by one to find the one that causes it.',
  });
}
