import type { StreamType } from './result-and-stream.ts';
import type { AnyType, InputOf } from './type.ts';

// The forms in which the arguments of a method are declared, and their types. Types only.

/** The type of one argument: any `t.*` except `t.result()`. A method has at most one argument that is a stream. */
export type ArgumentType = AnyType | StreamType;

/** One argument or several, by name. */
export type ArgumentGroup = Readonly<Record<string, ArgumentType>>;

/** `{ name: t.string }`, or a list of such objects with one name each: `[{ text: t.string }, { count: t.u32 }]`. */
export type ArgumentGroups = ArgumentGroup | readonly ArgumentGroup[];

/** The types of the arguments, in their order. */
export type ArgumentTuple<A> = A extends readonly ArgumentGroup[]
  ? { -readonly [I in keyof A]: A[I][keyof A[I]] }
  : A extends ArgumentGroup
    ? string extends keyof A
      ? A[string][]
      : Repeat<A[keyof A], keyof A>
    : never;

/**
 * Rejects an object of several arguments whose types differ.
 *
 * The order of the properties of an object is not part of its TypeScript type, so the parameters of the call could be
 * swapped. With equal types every order is right. The compiler prints the message.
 */
export type OneWayToRead<A> = A extends readonly ArgumentGroup[]
  ? { readonly [I in keyof A]: HasSeveral<A[I]> extends true ? 'each object of the list holds one argument' : A[I] }
  : A extends ArgumentGroup
    ? AllEqual<A> extends true
      ? unknown
      : 'arguments of different types need a list: method([{ first: t.… }, { second: t.… }])'
    : unknown;

/** What may be passed for one argument. */
export type ArgumentInput<T> =
  T extends StreamType<infer Item> ? Iterable<InputOf<Item>> | AsyncIterable<InputOf<Item>> : InputOf<T>;

/**
 * True when the inputs of all arguments are equal.
 *
 * Boxed, because a union of equal types is one of them. As functions, which are assignable only between equal types.
 */
export type AllEqual<A extends ArgumentGroup> = [
  { [K in keyof A]: (value: ArgumentInput<A[K]>) => ArgumentInput<A[K]> }[keyof A],
] extends [(value: ArgumentInput<A[keyof A]>) => ArgumentInput<A[keyof A]>]
  ? true
  : false;

/** `T` as often as there are members in the union `Names`. */
export type Repeat<T, Names, Result extends readonly unknown[] = []> = [Names] extends [never]
  ? Result
  : // One member of the union, chosen by the compiler.
    Both<Names extends unknown ? () => Names : never> extends () => infer Member
    ? Repeat<T, Exclude<Names, Member>, [...Result, T]>
    : never;

/** The intersection of the members of a union. */
export type Both<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never;

/** True for an object with several names; false where the names are arbitrary strings. */
export type HasSeveral<A> = string extends keyof A ? false : [keyof A] extends [Both<keyof A>] ? false : true;
