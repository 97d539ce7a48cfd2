import type { Socket } from 'node:net';
import { decodeValue } from '../codec/pickle/decode-value.ts';
import { encodeValue } from '../codec/pickle/encode-value.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { callListener } from './call-listener.ts';
import { Inbox } from './inbox.ts';
import { Lookout } from './lookout.ts';
import { type FoundChange, type NoticeListener, toNotice } from './notice.ts';
import { Outbox } from './outbox.ts';
import { type OutputLine, type OutputListener, passOn } from './output.ts';
import { frameFlag, frameType, protocolVersion } from './protocol.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** With more calls under way there is enough to do meanwhile, and answers come in larger batches to who sleeps. */
const fewCalls = 4;

/** Somebody who waits for an answer; gets exactly one of the two. */
export interface Waiting {
  /**
   * `type` is one of the answers of {@link frameType}. The payload is good until this returns, unless it is `own`: then it
   * is memory that nobody else uses.
   */
  answered(type: number, payload: Uint8Array, microseconds: number, own: boolean): void;
  /** Where the call stood when it was cancelled, as `runtime/fidius_host/place.py` tells it. Only of loads. */
  placed?(place: unknown): void;
  /** The connection has ended. */
  lost(error: FidiusError): void;
}

/** How the server shall run; see `runtime/fidius_host/server.py`. */
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
 * Keeps the event loop alive only between {@link hold} and {@link letGo}.
 */
export class ServerConnection {
  /** Why nothing works any more. */
  failure: FidiusError | undefined;
  pool: PoolState = { threads: 0, stuck: 0 };
  /** Called when {@link pool} has changed, and when the connection has failed. */
  onChange: () => void = () => {};
  readonly #data: Socket;
  readonly #control: Socket;
  readonly #outbox: Outbox;
  readonly #controlBox: Outbox;
  readonly #memory: SharedMemory | undefined;
  readonly #threshold: number;
  readonly #onOutput: OutputListener | undefined;
  readonly #onNotice: NoticeListener | undefined;
  readonly #waiting = new WaitingCalls<Waiting>();
  readonly #lookout = new Lookout();
  #welcome: ((facts: ServerFacts) => void) | undefined;
  #refuse: ((error: FidiusError) => void) | undefined;
  #holds = 0;
  #closed = false;

  constructor(transport: Transport, { onOutput, onNotice }: ConnectionListeners = {}) {
    this.#onOutput = onOutput;
    this.#onNotice = onNotice;
    const inbox = new Inbox((type, flags, call, microseconds, payload) =>
      this.#take(type, flags, call, microseconds, payload),
    );
    const { data, control } = transport.open({
      room: () => inbox.room(),
      take: (count) => this.#read(inbox, count),
      takeLines: (lines) => this.#takeLines(lines),
    });
    this.#data = data;
    this.#control = control;
    this.#memory = transport.memory;
    this.#threshold = transport.memory?.threshold ?? Number.POSITIVE_INFINITY;
    this.#outbox = new Outbox(data);
    this.#controlBox = new Outbox(control);
    for (const socket of [data, control]) {
      socket.unref();
      socket.on('error', (cause) => this.fail(lostConnection(cause)));
      socket.on('close', () => this.fail(lostConnection()));
    }
  }

  /** Sends the settings, and waits until the server has answered. @throws FidiusError `FIDIUS_EXECUTOR_FAILED`. */
  greet(settings: ServerSettings): Promise<ServerFacts> {
    const payload = encodeValue({
      ...settings,
      referenceBytes: this.#memory?.threshold ?? null,
      captureOutput: this.#onOutput !== undefined,
    });
    this.#outbox.add(frameType.hello, 0, protocolVersion, 0, 0, payload);
    this.hold();
    return new Promise<ServerFacts>((resolve, reject) => {
      this.#welcome = resolve;
      this.#refuse = reject;
    }).finally(() => this.letGo());
  }

  /**
   * Sends a call. `payload` is copied.
   *
   * @returns the number of the call, for {@link cancel}.
   */
  call(waiting: Waiting, plugin: number, method: number, flags: number, payload: Uint8Array): number {
    const call = this.#waiting.add(waiting);
    if (this.#waiting.count <= fewCalls) this.#lookout.expect();
    if (payload.length > this.#threshold && this.#memory !== undefined) {
      const reference = this.#memory.give(payload);
      this.#outbox.add(frameType.call, flags | frameFlag.byReference, method, call, plugin, reference);
    } else {
      this.#outbox.add(frameType.call, flags, method, call, plugin, payload);
    }
    return call;
  }

  /** Everybody who waits for an answer now. */
  waiting(): Waiting[] {
    return this.#waiting.values();
  }

  /** Asks the server to stop a call; it is answered all the same. */
  cancel(call: number): void {
    this.#controlBox.add(frameType.cancel, 0, 0, call, 0, noBytes);
    // The call itself must not arrive later than this by more than a moment.
    this.#outbox.flush();
  }

  /** Keeps the event loop alive until {@link letGo} was called as often. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#data.ref();
  }

  letGo(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#data.unref();
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
    this.#refuse?.(error);
    for (const waiting of this.#waiting.values()) waiting.lost(error);
    this.#waiting.clear();
    this.onChange();
  }

  #read(inbox: Inbox, count: number): void {
    this.#lookout.met();
    try {
      inbox.take(count);
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
    } else if (type === frameType.notice) {
      const notice = toNotice(decodeValue(payload) as FoundChange);
      if (notice !== undefined && this.#onNotice !== undefined) callListener(this.#onNotice, notice);
    } else if (type === frameType.pool) {
      this.pool = decodeValue(payload) as PoolState;
      this.onChange();
    } else if (type === frameType.place) {
      this.#waiting.get(call)?.placed?.(decodeValue(payload));
    } else if (type === frameType.welcome) {
      this.#welcome?.(decodeValue(payload) as ServerFacts);
    } else if (type === frameType.failed) {
      const { reason, lie } = decodeValue(payload) as { reason: string; lie: boolean };
      this.fail(lie ? lyingFrame(`The call server found ${reason}`) : serverFailed(reason));
    } else {
      throw lyingFrame(`The call server sent a frame of type ${type}`);
    }
  }

  #takeLines(lines: readonly OutputLine[]): void {
    if (this.#onOutput !== undefined) passOn(lines, this.#onOutput);
  }

  #takeAnswer(type: number, flags: number, call: number, microseconds: number, payload: Uint8Array): void {
    const waiting = this.#waiting.get(call);
    if (waiting === undefined) throw lyingFrame(`The call server answered call ${call}, which is not under way`);
    if ((flags & frameFlag.byReference) === 0) {
      this.#waiting.delete(call);
      waiting.answered(type, payload, microseconds, false);
      return;
    }
    if (this.#memory === undefined) throw lyingFrame('The call server referred to memory that is not shared');
    const copy = this.#memory.copy(payload);
    // Not before, so that the call is among those that fail when this does.
    this.#waiting.delete(call);
    this.#outbox.add(frameType.release, 0, 0, call, 0, noBytes);
    waiting.answered(type, copy, microseconds, true);
  }
}

const noBytes = new Uint8Array(0);

function lyingFrame(message: string): FidiusError {
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
