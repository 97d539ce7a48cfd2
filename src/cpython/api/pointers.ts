declare const owned: unique symbol;
declare const borrowed: unique symbol;

/**
 * A `PyObject *` whose reference is ours: it goes to exactly one call that releases or steals it.
 *
 * Addresses are JavaScript numbers, exact up to 2^53 while user space ends at 2^47 (2^56 with five-level paging, which
 * the kernel gives only to programs that ask for it): a bigint per pointer would cost more than the call it is made for.
 */
export type Owned = number & { readonly [owned]: true };

/** A `PyObject *` that something else keeps alive. It is never released here. */
export type Borrowed = number & { readonly [borrowed]: true };

export type Ptr = Owned | Borrowed;

/** The null pointer, as C functions return it: "failed, and left an exception behind". */
export type Null = 0;

/** Writes an address into two 32-bit words, the layout of a pointer on the little-endian machines that are supported. */
export function storePointer(words: Int32Array, slot: number, pointer: number): void {
  words[2 * slot] = pointer | 0;
  words[2 * slot + 1] = (pointer / 0x1_0000_0000) | 0;
}

/** Reads an address from two 32-bit words. */
export function loadPointer(words: Int32Array, slot: number): number {
  return ((words[2 * slot] as number) >>> 0) + ((words[2 * slot + 1] as number) >>> 0) * 0x1_0000_0000;
}
