import type { ItemCodec } from '../../codec/method-codec.ts';
import { acquireWriter, encodeValue, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { describeThrown } from '../../errors/describe-thrown.ts';
import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { now, setImmediate } from '../../node/timers.ts';
import type { HostMessage } from '../../protocol/conversation.ts';

/** A frame is sent when it has this many bytes, or when collecting it has taken this long, in milliseconds. */
const frameBytes = 1 << 15;
const frameMs = 1;

type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** Reads the source of an argument stream as Python asks for its items, and closes it. */
export class ArgumentItems {
  /** What the source, or an item that cannot be encoded, threw. */
  error: { readonly thrown: unknown } | undefined;
  readonly #source: Source;
  readonly #codec: ItemCodec;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #send: ((message: HostMessage) => void) | undefined;
  #credit = 0;
  #position = 0;
  #isPumping = false;
  /** Whether Python gets no more items. */
  #ended = false;

  /**
   * @param title the method in errors, such as `sum() of calculator`.
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` for a source that cannot be iterated.
   */
  constructor(source: unknown, codec: ItemCodec, title: string) {
    if (!isSource(source)) {
      throw new FidiusTypeError(
        'FIDIUS_VALUE_ARGUMENT',
        `${title}: the argument stream must be an iterable, an async iterable or a ReadableStream, got ${describe(source)}`,
        { hint: 'Pass an array, a generator or a stream of the items.' },
      );
    }
    this.#source = source;
    this.#codec = codec;
  }

  /** The call was sent. */
  started(send: (message: HostMessage) => void): void {
    this.#send = send;
  }

  /** Python accepts more items. */
  credit(items: number): void {
    if (this.#ended) return;
    this.#credit += items;
    if (!this.#isPumping) void this.#pump();
  }

  /** Python needs no more items, or the call has ended: the source is closed. */
  end(): void {
    this.#send = undefined;
    if (this.#ended) return;
    this.#ended = true;
    const iterator = this.#iterator;
    if (iterator?.return === undefined) return;
    // Its error has no reader: the call has ended.
    void (async () => iterator.return?.())().catch(() => {});
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      this.#iterator ??= iteratorOf(this.#source);
      while (this.#credit > 0 && !this.#ended) {
        const step = this.#iterator.next();
        const result = isPromise(step) ? await step : step;
        if (this.#ended) break;
        if (result.done === true) {
          this.#finish({ kind: 'end' });
          break;
        }
        if (isPromise(step)) {
          this.#sendItems([result.value]);
        } else {
          this.#sendSome(result.value);
          // A slow synchronous source would keep everything else of this thread waiting until its credit is used up.
          if (this.#credit > 0) await nextTurn();
        }
      }
    } catch (thrown) {
      this.error ??= { thrown };
      this.#finish({ kind: 'end', error: encodeValue(describeThrown(thrown)) });
    } finally {
      this.#isPumping = false;
    }
  }

  /** Sends an item of a synchronous source, and those that follow it immediately. */
  #sendSome(first: unknown): void {
    const items = [first];
    const iterator = this.#iterator as Iterator<unknown>;
    const until = now() + frameMs;
    let failure: { readonly thrown: unknown } | undefined;
    let ended = false;
    try {
      while (items.length < this.#credit && now() < until) {
        const result = iterator.next();
        // An iterator that is asynchronous from here on.
        if (isPromise(result))
          throw new TypeError('The argument stream returned a promise, after items that were none');
        if (result.done === true) {
          ended = true;
          break;
        }
        items.push(result.value);
      }
    } catch (thrown) {
      failure = { thrown };
    }
    this.#sendItems(items);
    if (failure !== undefined) throw failure.thrown;
    if (ended) this.#finish({ kind: 'end' });
  }

  /** @throws FidiusError for an item that cannot be encoded, after those before it were sent. */
  #sendItems(items: readonly unknown[]): void {
    const writer = acquireWriter();
    let at = 0;
    try {
      while (at < items.length) {
        const first = at;
        let failure: { readonly thrown: unknown } | undefined;
        writer.begin();
        writer.beginTuple();
        try {
          for (; at < items.length && writer.size < frameBytes; at += 1) {
            this.#codec.write(writer, items[at], this.#position + at);
          }
        } catch (thrown) {
          failure = { thrown };
        }
        if (failure === undefined) {
          writer.endTuple();
        } else {
          // Again, without the one that failed: a part of it was written.
          writer.begin();
          writer.beginTuple();
          for (let each = first; each < at; each += 1) this.#codec.write(writer, items[each], this.#position + each);
          writer.endTuple();
        }
        const count = at - first;
        if (count > 0) this.#send?.({ kind: 'items', count, payload: writer.finish() });
        if (failure !== undefined) throw failure.thrown;
      }
    } finally {
      releaseWriter(writer);
      this.#credit -= at;
      this.#position += at;
    }
  }

  #finish(message: HostMessage): void {
    this.#send?.(message);
    // The source has ended by itself, or has failed; an item that cannot be encoded ends it early.
    if (message.kind === 'end' && message.error !== undefined) this.end();
    this.#ended = true;
  }
}

function isSource(source: unknown): source is Source {
  if (typeof source !== 'object' || source === null) return false;
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}

function iteratorOf(source: Source): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>>).then === 'function';
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
