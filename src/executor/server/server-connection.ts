import type { Socket } from 'node:net';
import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { encodeValue } from '../../codec/pickle/encode-value.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { frameFlag, frameType, protocolVersion } from '../../protocol/frames.ts';
import { emitSafely } from '../emit-safely.ts';
import { deliverLines, type OutputLine, type OutputListener } from '../output.ts';
import { type FoundChange, type NoticeListener, toNotice } from '../process-change.ts';
import { EventLoopSpinner } from './event-loop-spinner.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { PendingCalls } from './pending-calls.ts';

/** With more calls under way there is enough to do meanwhile, and answers come in larger batches to who sleeps. */
const fewCalls = 4;

/** Somebody who waits for an answer; gets exactly one of the two. */
export interface PendingCall {
  /**
   * `type` is one of the answers of {@link frameType}. The payload is good until this returns, unless it is `own`: then it
   * is memory that nobody else uses.
   */
  answered(type: number, payload: Uint8Array, microseconds: number, own: boolean): void;
  /** Where the call stood when it was cancelled, as `runtime/fidius_host/plugins/load_position.py` tells it. Only of loads. */
  positioned?(place: unknown): void;
  /** The connection has ended. */
  lost(error: FidiusError): void;
}

/** How the server shall run; see `runtime/fidius_host/server/call_server.py`. */
export interface ServerSettings {
  readonly threads: number;
  readonly spareThreads: number;
}

export interface ServerFacts {
  readonly version: number;
  /** `3.11.7` */
  readonly python: string;
  /** Process id of the server. */
  readonly process: number;
  /** Whether it can interrupt Python code. */
  readonly interrupts: boolean;
}

/** How the threads of the server are. */
export interface PoolState {
  readonly threads: number;
  readonly stuck: number;
}

/** Memory that host and server both reach: large payloads stay out of the frames. */
export interface SharedMemory {
  /** A payload of more bytes goes by reference. */
  readonly threshold: number;
  /** Hands a copy of a payload over to the server; what to send in its place. */
  give(payload: Uint8Array): Uint8Array;
  /** A copy of the payload that an answer refers to. */
  copy(reference: Uint8Array): Uint8Array;
}

/** Takes what comes over the data channel: fill the room from its beginning, then say how much it was. */
export interface Reader {
  room(): Buffer;
  take(count: number): void;
  /** Lines of output that reach the host by another way. */
  takeLines(lines: readonly OutputLine[]): void;
}

export interface ConnectionListeners {
  /** Gets what plugins print and log; without it they write where Python does. */
  readonly onOutput?: OutputListener | undefined;
  /** Hears of what plugins have changed for the whole process. */
  readonly onNotice?: NoticeListener | undefined;
}

/** What carries the frames. This alone differs between a server in this process and one in another. */
export interface Transport {
  /** Opens both channels. */
  open(reader: Reader): { readonly data: Socket; readonly control: Socket };
  readonly memory: SharedMemory | undefined;
}

/**
 * The host's end of the connection to a call server: numbers calls, and gives each answer to who waits for it.
 *
 * Keeps the event loop alive only between {@link ref} and {@link unref}.
 */
export class ServerConnection {
  /** Why nothing works any more. */
  failure: FidiusError | undefined;
  pool: PoolState = { threads: 0, stuck: 0 };
  /** Called when {@link pool} has changed, and when the connection has failed. */
  onChange: () => void = () => {};
  readonly #data: Socket;
  readonly #control: Socket;
  readonly #writer: FrameWriter;
  readonly #controlBox: FrameWriter;
  readonly #memory: SharedMemory | undefined;
  readonly #threshold: number;
  readonly #onOutput: OutputListener | undefined;
  readonly #onNotice: NoticeListener | undefined;
  readonly #pending = new PendingCalls<PendingCall>();
  readonly #spinner = new EventLoopSpinner();
  #ready: ((facts: ServerFacts) => void) | undefined;
  #rejectHandshake: ((error: FidiusError) => void) | undefined;
  #refs = 0;
  #closed = false;

  constructor(transport: Transport, { onOutput, onNotice }: ConnectionListeners = {}) {
    this.#onOutput = onOutput;
    this.#onNotice = onNotice;
    const reader = new FrameReader((type, flags, call, microseconds, payload) =>
      this.#take(type, flags, call, microseconds, payload),
    );
    const { data, control } = transport.open({
      room: () => reader.room(),
      take: (count) => this.#read(reader, count),
      takeLines: (lines) => this.#takeLines(lines),
    });
    this.#data = data;
    this.#control = control;
    this.#memory = transport.memory;
    this.#threshold = transport.memory?.threshold ?? Number.POSITIVE_INFINITY;
    this.#writer = new FrameWriter(data);
    this.#controlBox = new FrameWriter(control);
    for (const socket of [data, control]) {
      socket.unref();
      socket.on('error', (cause) => this.fail(lostConnection(cause)));
      socket.on('close', () => this.fail(lostConnection()));
    }
  }

  /** Sends the settings, and waits until the server has answered. @throws FidiusError `FIDIUS_EXECUTOR_FAILED`. */
  handshake(settings: ServerSettings): Promise<ServerFacts> {
    const payload = encodeValue({
      ...settings,
      referenceBytes: this.#memory?.threshold ?? null,
      captureOutput: this.#onOutput !== undefined,
    });
    this.#writer.add(frameType.handshake, 0, protocolVersion, 0, 0, payload);
    this.ref();
    return new Promise<ServerFacts>((resolve, reject) => {
      this.#ready = resolve;
      this.#rejectHandshake = reject;
    }).finally(() => this.unref());
  }

  /**
   * Sends a call. `payload` is copied.
   *
   * @returns the number of the call, for {@link cancel}.
   */
  call(waiting: PendingCall, plugin: number, method: number, flags: number, payload: Uint8Array): number {
    const call = this.#pending.add(waiting);
    if (this.#pending.count <= fewCalls) this.#spinner.expect();
    if (payload.length > this.#threshold && this.#memory !== undefined) {
      const reference = this.#memory.give(payload);
      this.#writer.add(frameType.call, flags | frameFlag.byReference, method, call, plugin, reference);
    } else {
      this.#writer.add(frameType.call, flags, method, call, plugin, payload);
    }
    return call;
  }

  /** Everybody who waits for an answer now. */
  waiting(): PendingCall[] {
    return this.#pending.values();
  }

  /** Asks the server to stop a call; it is answered all the same. */
  cancel(call: number): void {
    this.#controlBox.add(frameType.cancel, 0, 0, call, 0, noBytes);
    // The call itself must not arrive later than this by more than a moment.
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

  /** Ends the server. Whoever still waits is told that the connection has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controlBox.add(frameType.shutdown, 0, 0, 0, 0, noBytes);
    this.#controlBox.flush();
    this.fail(new FidiusError('FIDIUS_HOST_CLOSED', 'The host was closed'));
  }

  /** Ends the connection because of an error; the first one counts. */
  fail(error: FidiusError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.#data.destroy();
    this.#control.destroy();
    this.#rejectHandshake?.(error);
    for (const waiting of this.#pending.values()) waiting.lost(error);
    this.#pending.clear();
    this.onChange();
  }

  #read(reader: FrameReader, count: number): void {
    this.#spinner.met();
    try {
      reader.take(count);
    } catch (error) {
      this.fail(isFidiusError(error) ? error : serverFailed(String(error)));
    }
  }

  #take(type: number, flags: number, call: number, microseconds: number, payload: Uint8Array): void {
    if (this.failure !== undefined) return;
    if (type >= frameType.returned && type <= frameType.skipped) {
      this.#takeAnswer(type, flags, call, microseconds, payload);
    } else if (type === frameType.output) {
      this.#takeLines(decodeValue(payload) as readonly OutputLine[]);
    } else if (type === frameType.processChange) {
      const notice = toNotice(decodeValue(payload) as FoundChange);
      if (notice !== undefined && this.#onNotice !== undefined) emitSafely(this.#onNotice, notice);
    } else if (type === frameType.pool) {
      this.pool = decodeValue(payload) as PoolState;
      this.onChange();
    } else if (type === frameType.loadPosition) {
      this.#pending.get(call)?.positioned?.(decodeValue(payload));
    } else if (type === frameType.ready) {
      this.#ready?.(decodeValue(payload) as ServerFacts);
    } else if (type === frameType.failed) {
      const { reason, protocolViolation: isViolation } = decodeValue(payload) as {
        reason: string;
        protocolViolation: boolean;
      };
      this.fail(isViolation ? protocolViolation(`The call server found ${reason}`) : serverFailed(reason));
    } else {
      throw protocolViolation(`The call server sent a frame of type ${type}`);
    }
  }

  #takeLines(lines: readonly OutputLine[]): void {
    if (this.#onOutput !== undefined) deliverLines(lines, this.#onOutput);
  }

  #takeAnswer(type: number, flags: number, call: number, microseconds: number, payload: Uint8Array): void {
    const waiting = this.#pending.get(call);
    if (waiting === undefined) throw protocolViolation(`The call server answered call ${call}, which is not under way`);
    if ((flags & frameFlag.byReference) === 0) {
      this.#pending.delete(call);
      waiting.answered(type, payload, microseconds, false);
      return;
    }
    if (this.#memory === undefined) throw protocolViolation('The call server referred to memory that is not shared');
    const copy = this.#memory.copy(payload);
    // Not before, so that the call is among those that fail when this does.
    this.#pending.delete(call);
    this.#writer.add(frameType.release, 0, 0, call, 0, noBytes);
    waiting.answered(type, copy, microseconds, true);
  }
}

const noBytes = new Uint8Array(0);

function protocolViolation(message: string): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', message, {
    hint: 'Look for a plugin that writes to descriptors it did not open, and report this otherwise.',
  });
}

function lostConnection(cause?: Error): FidiusError {
  return new FidiusError('FIDIUS_EXECUTOR_FAILED', 'The connection to the call server was lost', {
    cause,
    hint: 'Look for a plugin that closes descriptors it did not open; then open a new host.',
  });
}

function serverFailed(reason: string): FidiusError {
  return new FidiusError('FIDIUS_EXECUTOR_FAILED', `The call server gave up: ${reason}`, {
    hint: 'Open a new host, in a new process if a plugin replaced the threads of this one; report this if none did.',
  });
}
