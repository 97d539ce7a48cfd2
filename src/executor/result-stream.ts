import { FidiusError } from '../errors/fidius-error.ts';

/** Reads the items of a stream that has been started. */
export interface StreamReader {
  /** The next item. Rejected once if the stream fails; afterwards it is done. */
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** Ends the stream early: the generator runs its `finally` blocks. Fulfilled after that. Never rejects. */
  return(): Promise<void>;
  /** The same, for a stream that nothing refers to any more. */
  abandon(): void;
}

const abandoned = new FinalizationRegistry<StreamReader>((reader) => reader.abandon());

const done: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/**
 * The stream that a method returns. The call is made by the first `next()`: a stream that is never read runs nothing, and cannot
 * fail unnoticed. It is iterated once.
 */
export class ResultStream implements AsyncIterableIterator<unknown, undefined>, AsyncDisposable {
  readonly #title: string;
  readonly #open: () => StreamReader | Promise<StreamReader>;
  #reader: StreamReader | undefined;
  #opening: Promise<StreamReader> | undefined;
  #iterated = false;
  #ended = false;

  /**
   * @param title the call in errors, such as `tick() of clock`.
   * @param open makes the call. What it throws, the first step throws.
   */
  constructor(title: string, open: () => StreamReader | Promise<StreamReader>) {
    this.#title = title;
    this.#open = open;
  }

  /** The next item. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#reader !== undefined) return this.#reader.next();
    return this.#ended ? Promise.resolve(done) : this.#first();
  }

  /** Ends the stream: Python runs the `finally` blocks of the generator, then the promise is fulfilled. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#ended = true;
    const reader = this.#reader ?? (await this.#opening?.catch(() => undefined));
    if (reader !== undefined) {
      abandoned.unregister(this);
      await reader.return();
    }
    return done;
  }

  async throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    if (this.#iterated) {
      throw new FidiusError('FIDIUS_CALL_STREAM', `The stream of ${this.#title} was iterated before`, {
        hint: 'Call the method again for another stream, or collect the items of this one.',
      });
    }
    this.#iterated = true;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #first(): Promise<IteratorResult<unknown, undefined>> {
    const isFirst = this.#opening === undefined;
    this.#opening ??= (async () => this.#open())();
    let reader: StreamReader;
    try {
      reader = await this.#opening;
    } catch (error) {
      this.#ended = true;
      // Reported once, like an error after the first item.
      if (isFirst) throw error;
      return done;
    }
    if (isFirst) {
      this.#reader = reader;
      abandoned.register(this, reader, this);
    }
    return reader.next();
  }
}
