/**
 * An async iterable for a call that failed before its first item.
 *
 * The error is thrown by the first step, or when the iterable is awaited by mistake. No promise exists before that: an
 * unused iterable cannot cause an unhandled rejection.
 */
export class FailedStream implements AsyncIterableIterator<never, undefined>, AsyncDisposable {
  readonly #error: unknown;
  #done = false;

  constructor(error: unknown) {
    this.#error = error;
  }

  /** Rejects once; the iteration is then complete, like that of a generator that threw. */
  next(): Promise<IteratorResult<never, undefined>> {
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    this.#done = true;
    return Promise.reject(this.#error);
  }

  return(): Promise<IteratorResult<never, undefined>> {
    this.#done = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<never, undefined>> {
    this.#done = true;
    return Promise.reject(error);
  }

  /** For `await` on the iterable itself, which would otherwise return the iterable without an error. */
  // oxlint-disable-next-line unicorn/no-thenable -- see above
  then<R>(_onFulfilled: unknown, onRejected?: ((error: unknown) => R) | null): Promise<R> {
    this.#done = true;
    return Promise.reject(this.#error).catch(onRejected);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** The same for an iterable of calls on this thread. */
export class FailedSyncStream implements IterableIterator<never, undefined>, Disposable {
  readonly #error: unknown;
  #done = false;

  constructor(error: unknown) {
    this.#error = error;
  }

  /** Throws once; the iteration is then complete. */
  next(): IteratorResult<never, undefined> {
    if (this.#done) return { done: true, value: undefined };
    this.#done = true;
    throw this.#error;
  }

  return(): IteratorResult<never, undefined> {
    this.#done = true;
    return { done: true, value: undefined };
  }

  throw(error: unknown): never {
    this.#done = true;
    throw error;
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.#done = true;
  }
}
