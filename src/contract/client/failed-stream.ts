/**
 * An async iterable for a call that failed before its first item.
 *
 * The error is made known at the first step, or when the iterable is awaited by mistake. No promise exists before that:
 * an iterable that is never used cannot leave an unhandled rejection behind.
 */
export class FailedStream implements AsyncIterableIterator<never, undefined>, AsyncDisposable {
  readonly #error: unknown;
  #done = false;

  constructor(error: unknown) {
    this.#error = error;
  }

  /** Rejects once; afterwards the iteration is at its end, as that of a generator that threw. */
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

  /** `await` on the iterable itself, which would otherwise give back the iterable and say nothing. */
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

  /** Throws once; afterwards the iteration is at its end. */
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
