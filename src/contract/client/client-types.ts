import type { ArgumentInput, ArgumentType } from '../argument-types.ts';
import type { Interface, Methods } from '../interface.ts';
import type { Method, ReturnType } from '../method.ts';
import type { ResultType, StreamType } from '../result-and-stream.ts';
import type { OutputOf } from '../type.ts';

/** Options of one call, after its arguments. */
export interface CallOptions extends SyncCallOptions {
  /**
   * Cancels the call. The promise is rejected immediately with `FIDIUS_CALL_ABORTED`; its cause is `signal.reason`.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the reports of the plugin on its progress (`fidius.progress()`), on the JavaScript thread. Never with the executor
   * `inline`, which blocks this thread.
   *
   * @default `undefined`
   */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined;
}

/** A report of a plugin on the progress of a call. */
export interface CallProgress {
  /** The part that is done, from 0 to 1; `undefined` if that is not known. */
  readonly fraction: number | undefined;
  /** What is being done. */
  readonly message: string | undefined;
}

/** Options of one call that returns a stream. */
export interface StreamOptions extends CallOptions {
  /**
   * Number of items that Python may produce before they are taken, 1 to 65536.
   *
   * @default 4, and more for small items that follow each other quickly
   */
  readonly window?: number | undefined;
}

/** Options of one call that blocks. */
export interface SyncCallOptions {
  /**
   * Milliseconds that the call may take. Afterwards it fails with `FIDIUS_CALL_TIMEOUT`. For a stream, until its last item.
   *
   * @default through `client` the option of the load; through `sync` and for streams Infinity
   */
  readonly timeoutMs?: number | undefined;
}

/** The methods of an interface as functions that return promises; a method that streams returns an async iterable. */
export type Client<I extends Interface> = Functions<MethodsOf<I>, 'async'>;

/** The methods of an interface as functions that block until Python is done. */
export type SyncClient<I extends Interface> = Functions<MethodsOf<I>, 'sync'>;

/** The names of the methods of an interface. */
export type MethodName<I extends Interface> = keyof MethodsOf<I> & string;

/** The methods of an interface, by name, as they were declared. */
export type MethodsOf<I extends Interface> = I extends Interface<infer M> ? M : Methods;

/** Which functions a client has: `async` ones return promises, `sync` ones block the calling thread. */
export type Side = 'async' | 'sync';

/** The methods of an interface as functions. An optional method may be missing from a plugin, and is then `undefined`. */
export type Functions<M extends Methods, S extends Side> = {
  readonly [K in keyof M as M[K] extends Method<readonly ArgumentType[], ReturnType, true> ? never : K]: Call<M[K], S>;
} & {
  readonly [K in keyof M as M[K] extends Method<readonly ArgumentType[], ReturnType, true> ? K : never]?: Call<M[K], S>;
};

/** One method as a function: its arguments in order, then the options of the call. */
export type Call<M extends Method, S extends Side> =
  M extends Method<infer A>
    ? (
        ...args: [...{ [I in keyof A]: ArgumentInput<A[I]> }, options?: CallOptionsOf<M['returns'], S>]
      ) => Answer<M['returns'], S>
    : never;

/** The options that a function of a client takes. */
export type CallOptionsOf<R extends ReturnType, S extends Side> = S extends 'sync'
  ? SyncCallOptions
  : R extends StreamType
    ? StreamOptions
    : CallOptions;

/**
 * The items that a method returns. The call is made by the first `next()`. It is iterated once.
 *
 * Leaving a loop early (`break`, `return()`, an exception) runs the `finally` blocks of the generator in Python.
 */
export interface ItemStream<T> extends AsyncIterableIterator<T, undefined>, AsyncDisposable {
  /** The next item. Rejected with the error that ended the stream, once. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream early. Fulfilled when Python has ended the generator. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** The stream itself. @throws FidiusError `FIDIUS_CALL_STREAM` the second time. */
  [Symbol.asyncIterator](): ItemStream<T>;
}

/** The items that a method returns, read on this thread. It is iterated once. */
export interface SyncItemStream<T> extends IterableIterator<T, undefined>, Disposable {
  /** The next item. */
  next(): IteratorResult<T, undefined>;
  /** Ends the stream early. Python has ended the generator when it returns. */
  return(): IteratorResult<T, undefined>;
  /** The stream itself. @throws FidiusError `FIDIUS_CALL_STREAM` the second time. */
  [Symbol.iterator](): SyncItemStream<T>;
}

/** What a function of a client returns: the value, a promise of it, or the iterable of a method that streams. */
export type Answer<R extends ReturnType, S extends Side> =
  R extends StreamType<infer Item>
    ? S extends 'async'
      ? ItemStream<OutputOf<Item>>
      : SyncItemStream<OutputOf<Item>>
    : S extends 'async'
      ? Promise<Value<R>>
      : Value<R>;

/** The value of a method: `undefined` without a return type, the `T` of a `t.result(T)`. */
export type Value<R extends ReturnType> = R extends undefined
  ? undefined
  : R extends ResultType<infer T>
    ? OutputOf<T>
    : OutputOf<R>;
