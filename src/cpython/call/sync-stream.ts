import type { ItemCodec } from '../../codec/method-codec.ts';
import { decodeValue } from '../../codec/pickle/decode-value.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { needsEventLoop } from '../../protocol/call-errors.ts';
import { type ErrorDescription, toCallError } from '../../protocol/error-description.ts';
import { readItems } from '../../protocol/stream-items.ts';
import type { Interpreter } from '../interpreter.ts';

/** Number of items that one step may produce ahead. */
const firstWindow = 4;
/** That number once the consumer has taken as many as that. */
const largestWindow = 256;

/** A call that returns a stream, to be read on this thread. */
export interface SyncStreamCall {
  readonly interpreter: Interpreter;
  readonly plugin: string;
  readonly method: string;
  /** Number of the plugin in Python. */
  readonly number: number;
  readonly index: number;
  readonly items: ItemCodec;
  /** Number of items that may be produced ahead; `undefined`: it adapts to the stream. */
  readonly window: number | undefined;
  /** The encoded arguments. */
  readonly payload: Uint8Array;
  /** Is called when code of the plugin has run. */
  readonly afterStep: (() => void) | undefined;
  /** Runs one step, within the time limit of the call if there is one. @throws FidiusError when the plugin was closed. */
  step<T>(run: () => T): T;
}

/** Streams of each interpreter that nothing refers to any more: the next stream closes them, because that takes the GIL. */
const dropped = new WeakMap<Interpreter, number[]>();
const registry = new FinalizationRegistry<{ readonly interpreter: Interpreter; readonly number: number }>(
  ({ interpreter, number }) => {
    const numbers = dropped.get(interpreter);
    if (numbers === undefined) dropped.set(interpreter, [number]);
    else numbers.push(number);
  },
);

interface Step {
  readonly form: number;
  readonly count: number;
  readonly payload: Uint8Array;
  readonly done: boolean;
  readonly error: Uint8Array | null;
}

/** The stream that a method returns, read on this thread. The call is made by the first `next()`. It is iterated once. */
export class SyncStream implements IterableIterator<unknown, undefined>, Disposable {
  readonly #call: SyncStreamCall;
  #number: number | undefined;
  #iterated = false;
  #started = false;
  /** Whether Python has no more items. */
  #ended = false;
  #items: unknown[] = [];
  #at = 0;
  #position = 0;
  #window: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(call: SyncStreamCall) {
    this.#call = call;
    this.#window = call.window ?? firstWindow;
  }

  /** The next item. */
  next(): IteratorResult<unknown, undefined> {
    if (!this.#started) this.#start();
    while (this.#at === this.#items.length) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure.error;
      if (this.#ended) return { done: true, value: undefined };
      this.#fetch();
    }
    const item = this.#items[this.#at];
    this.#at += 1;
    try {
      return { done: false, value: this.#call.items.read(item, this.#position++) };
    } catch (error) {
      this.return();
      throw error;
    }
  }

  /** Ends the stream: Python runs the `finally` blocks of the generator. */
  return(): IteratorResult<unknown, undefined> {
    this.#started = true;
    this.#items = [];
    this.#at = 0;
    this.#failure = undefined;
    this.#close();
    return { done: true, value: undefined };
  }

  throw(error: unknown): never {
    this.return();
    throw error;
  }

  [Symbol.iterator](): this {
    if (this.#iterated) {
      throw new FidiusError(
        'FIDIUS_CALL_STREAM',
        `The stream of ${this.#call.method}() of ${this.#call.plugin} was iterated before`,
        { hint: 'Call the method again for another stream, or collect the items of this one.' },
      );
    }
    this.#iterated = true;
    return this;
  }

  [Symbol.dispose](): void {
    this.return();
  }

  #start(): void {
    this.#started = true;
    this.#ended = true;
    for (const number of dropped.get(this.#call.interpreter)?.splice(0) ?? []) {
      this.#call.interpreter.invoke('streams.close', number);
    }
    const { interpreter, plugin, method, number, index, payload } = this.#call;
    const { stream, error, asynchronous } = this.#step(
      () => interpreter.invoke('streams.start', number, index, payload) as StartOutcome,
    );
    if (error !== undefined) throw this.#toError(error);
    if (asynchronous === true) throw needsEventLoop(plugin, method);
    this.#number = stream;
    this.#ended = false;
    registry.register(this, { interpreter, number: stream as number }, this);
  }

  #fetch(): void {
    const { interpreter } = this.#call;
    let step: Step;
    try {
      step = this.#step(() => interpreter.invoke('streams.step', this.#number, this.#window) as Step);
    } catch (error) {
      this.#close();
      throw error;
    }
    const { form, count, payload, done, error } = step;
    if (done) this.#end();
    this.#items = [];
    this.#at = 0;
    if (error !== null) this.#failure = { error: this.#toError(error) };
    try {
      readItems(form, count, payload, this.#position, (item) => this.#items.push(item));
    } catch (unreadable) {
      // Follows the items before it.
      this.#failure = { error: unreadable };
      this.#close();
    }
    const isAdapting = this.#call.window === undefined && this.#window < largestWindow;
    if (isAdapting && count === this.#window) this.#window *= 2;
  }

  #step<T>(run: () => T): T {
    try {
      return this.#call.step(run);
    } finally {
      this.#call.afterStep?.();
    }
  }

  /** Python runs the `finally` blocks of the generator, unless it has ended. */
  #close(): void {
    if (this.#number !== undefined && !this.#ended) {
      this.#call.interpreter.invoke('streams.close', this.#number);
      this.#call.afterStep?.();
    }
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    registry.unregister(this);
  }

  #toError(description: Uint8Array): Error {
    const { plugin, method } = this.#call;
    return toCallError(decodeValue(description) as ErrorDescription, plugin, method);
  }
}

interface StartOutcome {
  readonly stream?: number;
  readonly error?: Uint8Array;
  readonly asynchronous?: boolean;
}
