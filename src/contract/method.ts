import { closest } from '../errors/closest.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import type { ArgumentGroups, ArgumentTuple, ArgumentType, OneWayToRead } from './argument-types.ts';
import { type DocOptions, definitionError, type Metadata, nameHint, readDoc, readMetadata } from './definition.ts';
import { isRustName } from './hash/rust-source.ts';
import { isResultType, isStreamType, type ResultType, type StreamType } from './result-and-stream.ts';
import { type AnyType, isType, type Type } from './type.ts';
import { isPlainObject } from './types/plain-object.ts';
import { type BytesInput, bytes } from './types/scalar.ts';

/** What a method may return; `undefined` for a Rust method without arrow, which hashes differently from `-> ()`. */
export type ReturnType = AnyType | ResultType | StreamType | undefined;

/** Options of a method. */
export interface MethodOptions extends DocOptions {
  /**
   * Whether a plugin may omit the method; the client then does not have it. Not in the hash.
   *
   * @default false
   */
  readonly optional?: boolean;
  /**
   * The version of the interface that added an optional method. A package whose manifest has an earlier version is
   * accepted where every later version added one.
   *
   * @default not declared
   */
  readonly since?: number;
  /**
   * Facts for the host to read. Keys must not begin with `fidius.`. Not in the hash.
   *
   * @default {}
   */
  readonly metadata?: Metadata;
  /**
   * Documentation of arguments, by their names. Part of the Python stub and of the JSON Schema, not of the hash.
   *
   * @default {}
   */
  readonly argumentDocs?: Readonly<Record<string, string>>;
}

/** A method as it was declared; `defineInterface` adds name and position. */
export interface Method<
  A extends readonly ArgumentType[] = readonly ArgumentType[],
  R extends ReturnType = ReturnType,
  Optional extends boolean = boolean,
> {
  /** The arguments, in the order in which they are passed. */
  readonly arguments: readonly Argument[];
  /** What it returns; `undefined` for a method without return type. */
  readonly returns: R;
  /** Whether a plugin may omit the method. */
  readonly optional: Optional;
  /** Bytes in, bytes out, without encoding. */
  readonly wireRaw: boolean;
  /** The version of the interface that added the method, if it was declared. */
  readonly since: number | undefined;
  /** Documentation, as declared. */
  readonly doc: string | undefined;
  /** Facts for the host to read, as declared; empty without any. */
  readonly metadata: Metadata;
  /** Only for the compiler. */
  readonly [argumentTypes]?: A;
}

/** An argument of a method. */
export interface Argument {
  /** Name in the Rust trait and in the Python stub. Arguments are passed by position. */
  readonly name: string;
  /** Its type, made with `t.*`. */
  readonly type: ArgumentType;
  /** Documentation, as declared in `argumentDocs`. */
  readonly doc: string | undefined;
}

declare const argumentTypes: unique symbol;

/** Whether the options of a method make it optional. */
export type IsOptional<O> = O extends { readonly optional: true } ? true : false;

function declareMethod(args: unknown = {}, returns?: ReturnType, options: MethodOptions = {}): unknown {
  const list = readArguments(args);
  if (returns !== undefined && !isType(returns) && !isResultType(returns) && !isStreamType(returns)) {
    throw definitionError(`The return of method() must be a type made with t.*, got ${describe(returns)}`);
  }
  return createMethod(list, returns, false, options);
}

function declareRawMethod(returned: RawReturn = bytes, options: MethodOptions = {}): unknown {
  if (returned !== bytes && !(isResultType(returned) && returned.inner === bytes)) {
    throw definitionError('A raw method returns t.bytes or t.result(t.bytes)');
  }
  return createMethod([{ name: 'data', type: bytes, doc: undefined }], returned, true, options);
}

/** `t.bytes`: the argument of a raw method. */
export type RawBytes = Type<Uint8Array, BytesInput>;

/** What a raw method may return: bytes, or a result of bytes when Rust declares a `Result`. */
export type RawReturn = RawBytes | ResultType<RawBytes>;

/** The functions that declare methods: `method()` and `method.raw()`. */
// Two signatures each: otherwise the compiler would infer a missing return type from the context.
export interface MethodBuilder {
  /**
   * Declares a method that returns nothing.
   *
   * @param args the arguments by name, as in the other form.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`.
   */
  <const A extends ArgumentGroups = Record<never, never>>(
    args?: A & OneWayToRead<A>,
  ): Method<ArgumentTuple<A>, undefined, false>;
  /**
   * Declares a method: its arguments by name, what it returns, and options.
   *
   * Several arguments of different types are a list, `method([{ text: t.string }, { count: t.u32 }], t.string)`, because
   * TypeScript does not know the order of the properties of an object.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
   */
  <const A extends ArgumentGroups, const R extends ReturnType, const O extends MethodOptions = Record<never, never>>(
    args: A & OneWayToRead<A>,
    returns: R,
    options?: O,
  ): Method<ArgumentTuple<A>, R, IsOptional<O>>;
  /** Declares a raw method: one `bytes` in, one `bytes` out, unchanged, for data with its own encoding. */
  raw(): Method<[RawBytes], RawBytes, false>;
  /**
   * Declares a raw method with a return type or options.
   *
   * @param returns `t.bytes`, or `t.result(t.bytes)` when Rust declares a `Result`.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
   */
  raw<const R extends RawReturn, const O extends MethodOptions = Record<never, never>>(
    returns: R,
    options?: O,
  ): Method<[RawBytes], R, IsOptional<O>>;
}

/** Declares the methods of an interface. */
export const method = Object.assign(declareMethod, { raw: declareRawMethod }) as MethodBuilder;

const optionNames = ['optional', 'since', 'doc', 'metadata', 'argumentDocs'];

function createMethod(
  list: readonly Argument[],
  returns: ReturnType,
  wireRaw: boolean,
  options: MethodOptions,
): Method {
  const place = wireRaw ? 'method.raw()' : 'method()';
  checkOptionNames(place, options, optionNames);
  const { optional = false, since, doc, metadata = {}, argumentDocs = {} } = options;
  if (typeof optional !== 'boolean')
    throw definitionError(`optional of ${place} must be a boolean, got ${describe(optional)}`);
  if (since !== undefined && !(Number.isSafeInteger(since) && since >= 0)) {
    throw definitionError(`since of ${place} must be a version of the interface, got ${describe(since)}`);
  }
  if (since !== undefined && !optional) {
    throw definitionError(`since of ${place} is for optional methods`, 'Add optional: true, or leave since out.');
  }
  return Object.freeze({
    arguments: Object.freeze(withDocs(list, argumentDocs, place)),
    returns,
    optional,
    wireRaw,
    since,
    doc: readDoc(doc, place),
    metadata: readMetadata(metadata, place),
  });
}

function withDocs(list: readonly Argument[], docs: unknown, place: string): readonly Argument[] {
  if (!isPlainObject(docs)) {
    throw definitionError(`argumentDocs of ${place} must be an object of names and texts, got ${describe(docs)}`);
  }
  const names = list.map(({ name }) => name);
  const stray = Object.keys(docs).find((name) => !names.includes(name));
  if (stray !== undefined) {
    const near = closest(stray, names);
    throw definitionError(
      `argumentDocs of ${place} describes ${JSON.stringify(stray)}, which is not one of its arguments`,
      near === undefined ? `Its arguments are: ${names.join(', ') || 'none'}.` : `Write "${near}".`,
    );
  }
  return list.map((argument) => {
    const doc = Object.hasOwn(docs, argument.name) ? docs[argument.name] : undefined;
    return Object.freeze({ ...argument, doc: readDoc(doc, `argument "${argument.name}" of ${place}`) });
  });
}

function readArguments(args: unknown): readonly Argument[] {
  const groups = Array.isArray(args) ? (args as readonly unknown[]) : [args];
  const list = groups.flatMap((group) => {
    if (!isPlainObject(group) || isType(group)) {
      const got = isType(group) ? 'a type without a name' : describe(group);
      throw definitionError(`The arguments of method() must be an object of names and types, got ${got}`);
    }
    if (Array.isArray(args) && Object.keys(group).length !== 1) {
      throw definitionError('In a list of arguments each one must be an object with one name and its type');
    }
    return Object.entries(group).map(([name, type]) => readArgument(name, type));
  });
  const twice = list.find(({ name }, index) => list.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    throw definitionError(`method() has two arguments called ${twice.name}`, 'Give them different names.');
  if (list.filter(({ type }) => isStreamType(type)).length > 1) {
    throw definitionError(
      'method() has more than one stream among its arguments',
      'Declare only one: hosts send at most one stream.',
    );
  }
  return list;
}

function readArgument(name: string, type: unknown): Argument {
  if (!isRustName(name))
    throw definitionError(`${JSON.stringify(name)} cannot be the name of an argument in Rust`, nameHint);
  if (isType(type) || isStreamType(type)) return { name, type, doc: undefined };
  if (isResultType(type))
    throw definitionError(`Argument "${name}" of method() is a result, which only a return can be`);
  throw definitionError(`Argument "${name}" of method() must be a type made with t.*, got ${describe(type)}`);
}
