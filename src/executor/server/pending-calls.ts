/** Initial number of slots; doubled when more than half of them are in use. A power of two. */
const firstSlots = 512;

/**
 * The calls that have no answer yet, by their numbers.
 *
 * A circle of slots instead of a `Map`: the tables that a `Map` creates and drops while entries come and go are in memory that
 * V8 collects rarely, and keep alive what they contained. With 200 calls in flight they were a fifth of all allocated memory.
 */
export class PendingCalls<Call> {
  #slots: (Call | undefined)[] = Array.from({ length: firstSlots });
  /** Number of the call in each slot; of its last call if the slot is free. */
  #numbers = new Uint32Array(firstSlots);
  #taken = 0;
  #last: number;

  /** @param last the number after which to begin. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** Number of calls. */
  get count(): number {
    return this.#taken;
  }

  /** @returns the number of the call, from 1 to 2^32 - 1: larger than the last one, unless the numbers start again. */
  add(pending: Call): number {
    if (this.#taken * 2 >= this.#slots.length) this.#grow();
    this.#last = this.#nextFree();
    this.#put(this.#last, pending);
    this.#taken += 1;
    return this.#last;
  }

  get(call: number): Call | undefined {
    const slot = this.#slotOf(call);
    return this.#numbers[slot] === call ? this.#slots[slot] : undefined;
  }

  /** Whether a number was assigned to a call, which may have ended. */
  wasAssigned(call: number): boolean {
    return call !== 0 && (this.#last - call) >>> 0 < 0x8000_0000;
  }

  /** `call` must be there. */
  delete(call: number): void {
    this.#slots[this.#slotOf(call)] = undefined;
    this.#taken -= 1;
  }

  /** All calls, in the order in which they were added. */
  values(): Call[] {
    return this.#entries().map(([, pending]) => pending);
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#taken = 0;
  }

  /** Skips 0, which means "no call", and slots that are in use by a stuck call. */
  #nextFree(): number {
    let call = this.#last;
    do call = (call + 1) >>> 0;
    while (call === 0 || this.#slots[this.#slotOf(call)] !== undefined);
    return call;
  }

  #slotOf(call: number): number {
    return call & (this.#slots.length - 1);
  }

  #put(call: number, pending: Call): void {
    const slot = this.#slotOf(call);
    this.#slots[slot] = pending;
    this.#numbers[slot] = call;
  }

  #entries(): [call: number, pending: Call][] {
    const age = (call: number) => (this.#last - call) >>> 0;
    return this.#slots
      .flatMap((pending, slot): [number, Call][] =>
        pending === undefined ? [] : [[this.#numbers[slot] as number, pending]],
      )
      .sort(([a], [b]) => age(b) - age(a));
  }

  #grow(): void {
    const entries = this.#entries();
    this.#slots = Array.from({ length: this.#slots.length * 2 });
    this.#numbers = new Uint32Array(this.#slots.length);
    for (const [call, pending] of entries) this.#put(call, pending);
  }
}
