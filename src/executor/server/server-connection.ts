import type { Socket } from 'node:net';
import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { encodeValue } from '../../codec/pickle/encode-value.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { clearTimeout, emitSafely, setTimeout } from '../../node/timers.ts';
import {
  type HostMessage,
  isServerMessage,
  readServerMessage,
  type ServerMessage,
  sendHostMessage,
} from '../../protocol/conversation.ts';
import {
  type FrameFunction,
  frameFlag,
  frameName,
  frameType,
  isFinalFrame,
  protocolVersion,
  protocolViolation,
} from '../../protocol/frames.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import { deliverLines, type OutputLine } from '../output.ts';
import { type FoundChange, toNotice } from '../process-change.ts';
import { connectionLost, type ServerFailure, serverFailed, versionMismatch } from './connection-errors.ts';
import { EventLoopSpinner } from './event-loop-spinner.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { HostCallRouter } from './host-call-router.ts';
import { PendingCalls } from './pending-calls.ts';
import type { CallStopper, Connect, Exit, Transport } from './transport.ts';

/** With more calls in flight, other work keeps the loop busy, and a loop that sleeps gets answers in larger batches. */
const fewCalls = 4;

/** How long a lost connection waits for the exit of the server process, in milliseconds: its error names the reason. */
const exitMs = 500;

/** How long a server may run on after its connection was closed, in milliseconds, before it is killed. */
const killMs = 5000;

/** A call that was sent. It receives the frames of its conversation, then exactly one of `answered` and `lost`. */
export interface PendingCall {
  /**
   * Receives the final frame. `type` is one of {@link isFinalFrame}. The payload is valid until this returns, unless it
   * `isOwn`: memory that nothing else uses.
   */
  answered(type: number, payload: Uint8Array, microseconds: number, isOwn: boolean): void;
  /** Receives a frame before the final one; returns false if the call does not expect it. Absent if it expects none. */
  received?(message: ServerMessage): boolean;
  /** The connection has ended. */
  lost(error: FidiusError): void;
}

/** Settings of a server; see `runtime/fidius_host/server/call_server.py`. */
interface ServerSettings {
  readonly threads: number;
  readonly spareThreads: number;
  /** Settings of its process, if it has a process of its own; see `runtime/fidius_host/child/limits.py`. */
  readonly process?: ServerProcessSettings | undefined;
}

/** What a server sets for its whole process before it loads plugins. */
export interface ServerProcessSettings {
  readonly umask: number | null;
  /** Limits by the names of the options. */
  readonly limits: Readonly<Record<string, number>>;
}

interface ServerFacts {
  readonly version: number;
}

/** State of the threads of a server. */
interface PoolState {
  readonly threads: number;
  readonly stuck: number;
}

type ConnectionListeners = Pick<ExecutorOptions, 'onOutput' | 'onNotice'>;

/**
 * The host's end of the connection to a call server: assigns numbers to calls, and passes each frame to its call.
 *
 * Keeps the event loop alive only between {@link ref} and {@link unref}.
 */
export class ServerConnection {
  /** Why the connection has ended. */
  failure: FidiusError | undefined;
  /** Whether the server has answered the handshake. */
  isReady = false;
  pool: PoolState = { threads: 0, stuck: 0 };
  /** Called when {@link pool} has changed, and when the connection has ended. */
  onChange: () => void = () => {};
  /** Fulfilled when the server has answered the handshake. Rejected with FidiusError `FIDIUS_EXECUTOR_FAILED`. */
  readonly ready: Promise<void>;
  readonly #transport: Transport;
  readonly #data: Socket;
  readonly #control: Socket;
  readonly #writer: FrameWriter;
  readonly #controlWriter: FrameWriter;
  readonly #threshold: number;
  readonly #listeners: ConnectionListeners;
  /** The host functions that plugins of this connection call. */
  readonly hostCalls = new HostCallRouter((call, message) => this.send(call, message));
  readonly #pending = new PendingCalls<PendingCall>();
  readonly #sendFrame: FrameFunction = (...frame) => this.#writer.add(...frame);
  readonly #spinner = new EventLoopSpinner();
  #acceptHandshake: () => void = () => {};
  #rejectHandshake: (error: FidiusError) => void = () => {};
  #isLosing = false;
  #refs = 0;
  #closed = false;

  /** Starts the server and sends the handshake. */
  constructor(connect: Connect, settings: ServerSettings, listeners: ConnectionListeners = {}) {
    this.#listeners = listeners;
    const reader = new FrameReader((type, flags, method, call, value, payload) =>
      this.#take(type, flags, method, call, value, payload),
    );
    const transport = connect({
      room: () => reader.room(),
      take: (count) => this.#read(reader, count),
      takeLines: (lines) => this.#takeLines(lines),
    });
    const { data, control, memory } = transport;
    this.#transport = transport;
    this.#data = data;
    this.#control = control;
    this.#threshold = memory?.threshold ?? Number.POSITIVE_INFINITY;
    this.#writer = new FrameWriter(data);
    this.#controlWriter = new FrameWriter(control);
    for (const socket of [data, control]) {
      socket.unref();
      socket.on('error', (cause) => void this.#lose(cause));
      socket.on('close', () => void this.#lose());
    }
    void transport.exited.then(() => this.#lose());
    this.ready = this.#handshake(settings);
  }

  /**
   * Sends a call. `payload` is copied.
   *
   * @returns the number of the call, for {@link cancel}.
   */
  call(pending: PendingCall, plugin: number, method: number, flags: number, payload: Uint8Array): number {
    const call = this.#pending.add(pending);
    if (this.#pending.count <= fewCalls) this.#spinner.answerExpected();
    const { memory } = this.#transport;
    if (payload.length > this.#threshold && memory !== undefined) {
      const reference = memory.give(payload);
      this.#writer.add(frameType.call, flags | frameFlag.byReference, method, call, plugin, reference);
    } else {
      this.#writer.add(frameType.call, flags, method, call, plugin, payload);
    }
    return call;
  }

  /** Sends a message of a call. */
  send(call: number, message: HostMessage): void {
    if (this.failure !== undefined) return;
    if (message.kind === 'hostResult') this.#spinner.answerExpected();
    sendHostMessage(this.#sendFrame, call, message);
  }

  /** Ends the server if a call does not stop; `undefined` if that is not possible. */
  get stopper(): CallStopper | undefined {
    return this.#transport.stopper;
  }

  /** All calls that have no answer yet. */
  pending(): PendingCall[] {
    return this.#pending.values();
  }

  /** Asks the server to stop a call; it is still answered. */
  cancel(call: number): void {
    this.#controlWriter.add(frameType.cancel, 0, 0, call, 0, noBytes);
    // The call itself must not arrive much later than this.
    this.#writer.flush();
  }

  /** Keeps the event loop alive until {@link unref} was called as often. */
  ref(): void {
    this.#refs += 1;
    if (this.#refs === 1) this.#data.ref();
  }

  unref(): void {
    this.#refs -= 1;
    if (this.#refs === 0) this.#data.unref();
  }

  /** Ends the server. Calls that are pending are rejected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controlWriter.add(frameType.shutdown, 0, 0, 0, 0, noBytes);
    this.#controlWriter.flush();
    this.fail(new FidiusError('FIDIUS_HOST_CLOSED', 'The host was closed', { hint: 'Open a new host.' }));
  }

  /** Ends the connection because of an error; the first one counts. */
  fail(error: FidiusError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.#data.destroy();
    this.#control.destroy();
    this.#rejectHandshake(error);
    for (const pending of this.#pending.values()) pending.lost(error);
    this.#pending.clear();
    this.hostCalls.close();
    this.#ensureExit();
    this.onChange();
  }

  #handshake(settings: ServerSettings): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      this.#acceptHandshake = resolve;
      this.#rejectHandshake = reject;
    });
    // Reported by the loads that wait for it.
    ready.catch(() => {});
    const payload = encodeValue({
      threads: settings.threads,
      spareThreads: settings.spareThreads,
      process: settings.process ?? null,
      referenceBytes: this.#transport.memory?.threshold ?? null,
      captureOutput: this.#listeners.onOutput !== undefined,
    });
    this.#writer.add(frameType.handshake, 0, protocolVersion, 0, 0, payload);
    return ready;
  }

  /** The connection has ended without {@link close}. Waits briefly for the exit of the server, which the error names. */
  async #lose(cause?: Error): Promise<void> {
    if (this.failure !== undefined || this.#isLosing) return;
    this.#isLosing = true;
    const exit = await this.#exitWithin(exitMs);
    const transport = this.#transport;
    const { isReady } = this;
    this.fail(transport.explainLoss?.(exit, isReady, cause) ?? connectionLost(transport, exit, isReady, cause));
  }

  /** Waits until the server has ended and what it sent was read. */
  async #exitWithin(timeoutMs: number): Promise<Exit | undefined> {
    const { exited } = this.#transport;
    const ended = this.#data.closed ? Promise.resolve() : new Promise((resolve) => this.#data.once('close', resolve));
    let exit: Exit | undefined;
    const both = Promise.all([exited.then((value) => (exit = value)), ended]);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      if (this.#refs === 0) timer.unref();
      void both.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return exit;
  }

  /** A server ends by itself when its channels are closed, unless it hangs. */
  #ensureExit(): void {
    const { exited } = this.#transport;
    if (!this.isReady) {
      this.#transport.terminate('SIGKILL');
      return;
    }
    const timer = setTimeout(() => this.#transport.terminate('SIGKILL'), killMs).unref();
    void exited.then(() => clearTimeout(timer));
  }

  #read(reader: FrameReader, count: number): void {
    this.#spinner.answerReceived();
    try {
      reader.take(count);
    } catch (error) {
      this.fail(
        isFidiusError(error)
          ? error
          : new FidiusError('FIDIUS_EXECUTOR_FAILED', String(error), { cause: error, hint: 'Open a new host.' }),
      );
    }
  }

  #take(type: number, flags: number, method: number, call: number, value: number, payload: Uint8Array): void {
    if (this.failure !== undefined) return;
    if (isFinalFrame(type)) {
      this.#takeAnswer(type, flags, call, value, payload);
    } else if (type === frameType.output) {
      this.#takeLines(decodeValue(payload) as readonly OutputLine[]);
    } else if (type === frameType.processChange) {
      const notice = toNotice(decodeValue(payload) as FoundChange);
      const { onNotice } = this.#listeners;
      if (notice !== undefined && onNotice !== undefined) emitSafely(onNotice, notice);
    } else if (type === frameType.pool) {
      this.pool = decodeValue(payload) as PoolState;
      this.onChange();
    } else if (isServerMessage(type)) {
      this.#takeMessage(type, call, readServerMessage(type, flags, method, value, payload));
    } else if (type === frameType.ready) {
      this.#takeReady(decodeValue(payload) as ServerFacts);
    } else if (type === frameType.failed) {
      this.fail(serverFailed(decodeValue(payload) as ServerFailure));
    } else {
      throw protocolViolation(`The call server sent a frame ${frameName(type)}, which a host does not receive`);
    }
  }

  #takeReady({ version }: ServerFacts): void {
    if (this.isReady) throw protocolViolation('The call server answered the handshake twice');
    if (version !== protocolVersion) throw versionMismatch(version);
    this.isReady = true;
    this.#acceptHandshake();
  }

  #takeLines(lines: readonly OutputLine[]): void {
    const { onOutput } = this.#listeners;
    if (onOutput !== undefined) deliverLines(lines, onOutput);
  }

  #takeMessage(type: number, call: number, message: ServerMessage): void {
    if (message.kind === 'hostCall') {
      this.hostCalls.received(call, message);
      return;
    }
    const pending = this.#pending.get(call);
    // Other threads than that of the call send messages, too, and may do so when it has just been answered.
    if (pending === undefined && this.#pending.wasAssigned(call)) return;
    if (pending?.received?.(message) === true) return;
    const problem = pending === undefined ? 'was never made' : 'does not expect it';
    throw protocolViolation(`The call server sent a frame ${frameName(type)} for call ${call}, which ${problem}`);
  }

  #takeAnswer(type: number, flags: number, call: number, microseconds: number, payload: Uint8Array): void {
    const pending = this.#pending.get(call);
    if (pending === undefined) throw protocolViolation(`The call server answered call ${call}, which is not pending`);
    if ((flags & frameFlag.byReference) === 0) {
      this.#pending.delete(call);
      pending.answered(type, payload, microseconds, false);
      this.hostCalls.ended(call);
      return;
    }
    const { memory } = this.#transport;
    if (memory === undefined) throw protocolViolation('The call server referred to memory that is not shared');
    const copy = memory.copy(payload);
    // Not before, so that the call is among those that fail when this does.
    this.#pending.delete(call);
    this.#writer.add(frameType.release, 0, 0, call, 0, noBytes);
    pending.answered(type, copy, microseconds, true);
    this.hostCalls.ended(call);
  }
}

const noBytes = new Uint8Array(0);
