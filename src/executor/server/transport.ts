import type { Socket } from 'node:net';
import type { FidiusError } from '../../errors/fidius-error.ts';
import type { OutputLine } from '../output.ts';

/** How a server process has ended. One of the two is `null`. */
export interface Exit {
  readonly code: number | null;
  /** Name of the signal that ended the process. */
  readonly signal: string | null;
}

/** Memory that host and server can both access: large payloads are not sent in frames. */
export interface SharedMemory {
  /** A payload of more bytes is sent by reference. */
  readonly threshold: number;
  /** Copies a payload into memory that the server frees, and returns the reference to send instead. */
  give(payload: Uint8Array): Uint8Array;
  /** Copies the payload that an answer refers to. */
  copy(reference: Uint8Array): Uint8Array;
}

/** Receives the bytes of the data channel: fill {@link room} from its beginning, then pass the number of bytes to {@link take}. */
export interface Receiver {
  room(): Buffer;
  take(count: number): void;
  /** Receives lines of output that were not sent over the data channel. */
  takeLines(lines: readonly OutputLine[]): void;
}

/** A running call server and the two channels to it. Only this differs between a server in this process and in another. */
export interface Transport {
  /** The bytes of this channel go to the receiver. */
  readonly data: Socket;
  readonly control: Socket;
  /** `undefined` if host and server are separate processes. */
  readonly memory: SharedMemory | undefined;
  /** Facts about the server that are known before it answers. */
  readonly facts: TransportFacts;
  /**
   * Fulfilled when the server has ended; never rejected. `undefined` for a server in this process, which ends with its
   * connection.
   */
  readonly exited: Promise<Exit | undefined>;
  /** Ends the server without waiting for its calls. Does nothing after it has ended. */
  terminate(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** The last lines that the server process wrote to stderr; empty for a server in this process. */
  stderrTail(): string;
  /** Ends the server if a call does not stop; absent if the server cannot be ended by force. */
  readonly stopper?: CallStopper | undefined;
  /**
   * Creates the error for a connection that has ended unexpectedly. Default: that of `connection-errors.ts`.
   *
   * @param exit how the server has ended; `undefined` if it did not end in time.
   */
  explainLoss?(exit: Exit | undefined, isReady: boolean, cause?: Error): FidiusError;
}

/** A step that ends a server process. */
export type StopStep = 'SIGTERM' | 'SIGKILL';

/** Watches calls that were asked to stop. */
export interface CallStopper {
  /** The last step that was taken. */
  readonly step: StopStep | undefined;
  /**
   * Begins to watch a call.
   *
   * @param title its name in errors, such as `add() of calculator`.
   * @returns a function to call when the call has ended.
   */
  begin(title: string): () => void;
}

interface TransportFacts {
  /** Process id of the server. */
  readonly process: number;
  /** The program that the process runs; `undefined` for a server in this process. */
  readonly executable?: string | undefined;
}

/** Starts a call server. */
export type Connect = (receiver: Receiver) => Transport;
