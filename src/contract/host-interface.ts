import { decodeValue } from '../codec/pickle/decode-value.ts';
import { encodeUntilEnd } from '../codec/pickle/encode-value.ts';
import { isValueProblem, type ValueProblem } from '../codec/value-problem.ts';
import { FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';
import { formatHash } from '../errors/load-error.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import type { ArgumentType } from './argument-types.ts';
import { type DocOptions, definitionError, readDoc } from './definition.ts';
import { interfaceHash } from './hash/interface-hash.ts';
import { isRustName } from './hash/rust-source.ts';
import { type InterfaceMethod, type Methods, readMethods, readVersion, signatureOf } from './interface.ts';
import type { Method, ReturnType } from './method.ts';
import type { ResultType } from './result-and-stream.ts';
import { isResultType, isStreamType } from './result-and-stream.ts';
import type { AnyType, InputOf, OutputOf } from './type.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { isPlainObject } from './types/plain-object.ts';
import { unit } from './types/scalar.ts';

// Symbol.for, so that an interface of a second copy of the package is recognised.
const brand = Symbol.for('fidius.host-interface');
const implementationBrand = Symbol.for('fidius.host-implementation');

declare const declared: unique symbol;

/** Functions that a host provides and plugins call. Created by {@link defineHostInterface}. */
export interface HostInterface<F extends Methods = Methods> {
  /** Name by which plugins declare it. Not in the hash. */
  readonly name: string;
  /** Compared with the version that a plugin was written for. Not in the hash. */
  readonly version: number;
  /** 64 bits that are compared when a package is loaded. */
  readonly hash: bigint;
  /** The hash as text: `0x` and 16 digits. */
  readonly hashHex: string;
  /** The functions; the position is the index by which they are called. */
  readonly functions: readonly InterfaceMethod[];
  /** Documentation, as declared. */
  readonly doc: string | undefined;
  /**
   * Connects the interface with functions of this program, for the option `provide` of a load.
   *
   * @param functions one for each function of the interface. It may be asynchronous. The last argument is the {@link HostCall}.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` for a function that is missing or that the interface does not have.
   */
  implement(functions: HostFunctions<F>): HostImplementation;
  /** Only for the compiler. */
  readonly [declared]?: F;
}

/** The definition of a host interface. */
export interface HostInterfaceOptions<F extends Methods> extends DocOptions {
  /** Incremented when the interface changes; not in the hash. 0 to 4294967295. */
  readonly version: number;
  /** The functions by name, made with `method()`. Their order gives their indices. */
  readonly functions: F;
}

/** What a function of the host is told about its call. */
export interface HostCall {
  /** Name of the plugin that calls. */
  readonly plugin: string;
  /** Aborted when the result is not needed any more: the call of the plugin was cancelled, or the plugin was closed. */
  readonly signal: AbortSignal;
}

/** The functions of a host interface, as a program implements them. */
export type HostFunctions<F extends Methods> = {
  readonly [K in keyof F]: F[K] extends Method<infer A>
    ? (...args: [...HostArguments<A>, call: HostCall]) => HostAnswer<F[K]['returns']>
    : never;
};

/** The arguments that a function of the host receives. */
export type HostArguments<A extends readonly ArgumentType[]> = {
  -readonly [I in keyof A]: A[I] extends AnyType ? OutputOf<A[I]> : never;
};

/** What a function of the host returns, also as a promise. */
export type HostAnswer<R extends ReturnType> = HostValue<R> | Promise<HostValue<R>>;

/** The value that a function of the host returns. */
export type HostValue<R extends ReturnType> = R extends undefined
  ? // biome-ignore lint/suspicious/noConfusingVoidType: a function without a result
    void
  : R extends ResultType<infer T>
    ? InputOf<T>
    : R extends AnyType
      ? InputOf<R>
      : never;

/** A host interface together with the functions that implement it. Created by {@link HostInterface.implement}. */
export interface HostImplementation {
  /** The interface. */
  readonly definition: HostInterface;
  /** @internal The functions by index. */
  readonly functions: readonly ((...args: unknown[]) => unknown)[];
}

/**
 * Declares functions that plugins may call: the counterpart of a Rust trait with `#[host_interface]`, with the same hash.
 *
 * @param name by which plugins declare the interface.
 * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
 */
export function defineHostInterface<const F extends Methods>(
  name: string,
  options: HostInterfaceOptions<F>,
): HostInterface<F> {
  if (typeof name !== 'string' || !isRustName(name)) {
    throw definitionError(`The name of a host interface must be a name in Rust, got ${describe(name)}`);
  }
  checkOptionNames(`defineHostInterface() of ${name}`, options, ['version', 'functions', 'doc']);
  const functions = readMethods(name, options.functions);
  if (functions.length === 0) throw definitionError(`${name} has no functions`, 'Declare at least one.');
  for (const each of functions) requirePlain(name, each);
  const hash = interfaceHash(functions.map(signatureOf), 'compiler');
  const definition: HostInterface<F> = Object.freeze({
    [brand]: true,
    name,
    version: readVersion(name, options.version),
    hash,
    hashHex: formatHash(hash),
    functions,
    doc: readDoc(options.doc, name),
    implement: (given: HostFunctions<F>) => implement(definition, given),
  });
  return definition;
}

/** True for a host interface, also of another copy of this library. */
export function isHostInterface(value: unknown): value is HostInterface {
  return typeof value === 'object' && value !== null && brand in value;
}

/** True for what {@link HostInterface.implement} returns. */
export function isHostImplementation(value: unknown): value is HostImplementation {
  return typeof value === 'object' && value !== null && implementationBrand in value;
}

function requirePlain(name: string, { name: own, ...each }: InterfaceMethod): void {
  const refused = (what: string) => definitionError(`${name}.${own} ${what}, which a host function cannot`);
  if (each.streaming || each.clientStreaming) throw refused('takes or returns a stream');
  if (each.wireRaw) throw refused('is raw');
  if (each.optional) throw refused('is optional');
  if (isResultType(each.returns) && !/(,|::)PluginError>$/.test(each.returns.rust.replaceAll(' ', ''))) {
    throw definitionError(`${name}.${own} returns ${each.returns.rust}, expected an error of the type PluginError`);
  }
}

function implement(definition: HostInterface, given: unknown): HostImplementation {
  const { name, functions } = definition;
  if (!isPlainObject(given)) {
    throw definitionError(`${name}.implement() takes an object of functions, got ${describe(given)}`);
  }
  const names = new Set(functions.map((each) => each.name));
  for (const own of Object.keys(given)) {
    if (!names.has(own)) throw definitionError(`${name} has no function ${own}`, `It has ${[...names].join(', ')}.`);
  }
  const list = functions.map((each) => {
    const own: unknown = given[each.name];
    if (typeof own === 'function') return (...args: unknown[]): unknown => own.apply(given, args);
    throw definitionError(`${name}.implement() needs a function ${each.name}, got ${describe(own)}`);
  });
  return Object.freeze({ [implementationBrand]: true, definition, functions: Object.freeze(list) });
}

/**
 * Prepares host functions for the plugins that may call them.
 *
 * @throws FidiusError `FIDIUS_OPTION_INVALID` for something else than implementations, or two of one interface.
 */
export function provideFunctions(implementations: unknown) {
  if (!Array.isArray(implementations) || !implementations.every(isHostImplementation)) {
    const got = describe(implementations);
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `provide must be an array of host functions, got ${got}`, {
      hint: 'Declare them with `defineHostInterface()`, and pass what its `implement()` returns.',
    });
  }
  const list = [...(implementations as readonly HostImplementation[])];
  const names = list.map(({ definition }) => definition.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `provide has two implementations of ${twice}`, {
      hint: 'Pass one of them.',
    });
  }
  return {
    interfaces: list.map(({ definition: { name, version, hash } }) => ({ name, version, hash })),
    call(interfaceIndex: number, functionIndex: number, payload: Uint8Array, call: HostCall) {
      const implementation = list[interfaceIndex];
      const declared = implementation?.definition.functions[functionIndex];
      const body = implementation?.functions[functionIndex];
      if (implementation === undefined || declared === undefined || body === undefined) {
        const name = implementation?.definition.name ?? `number ${interfaceIndex}`;
        throw new FidiusTypeError('FIDIUS_CALL_INDEX', `Host interface ${name} has no function ${functionIndex}`);
      }
      const { definition } = implementation;
      const result = body(...readArguments(definition, declared, payload), call);
      return isPromise(result)
        ? result.then((value) => writeResult(definition, declared, value))
        : writeResult(definition, declared, result);
    },
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Decodes the arguments of a host function. @throws FidiusError `FIDIUS_VALUE_ARGUMENT`: the plugin passed something else. */
function readArguments({ name }: HostInterface, { name: own, ...each }: InterfaceMethod, payload: Uint8Array) {
  const values: unknown = decodeValue(payload, { integralFloats: 'wrapped', name: () => 'arguments' });
  const list = each.arguments;
  if (!Array.isArray(values) || values.length !== list.length) {
    const got = Array.isArray(values) ? values.length : describe(values);
    throw new FidiusTypeError('FIDIUS_VALUE_ARGUMENT', `${name}.${own}() takes ${list.length} arguments, got ${got}`);
  }
  return values.map((value: unknown, index): unknown => {
    const argument = list[index];
    const type = argument?.type;
    if (type === undefined || isStreamType(type)) return value;
    try {
      return type.converter.read(value);
    } catch (error) {
      throw explained(error, `${name}.${own}(): argument "${argument?.name}"`, 'FIDIUS_VALUE_ARGUMENT');
    }
  });
}

/** Encodes the result of a host function. @throws FidiusError `FIDIUS_VALUE_RESULT`: the host returned something else. */
function writeResult({ name }: HostInterface, { name: own, returns }: InterfaceMethod, value: unknown): Uint8Array {
  const type = returns === undefined || isStreamType(returns) ? unit : isResultType(returns) ? returns.inner : returns;
  const given = returns === undefined ? undefined : value;
  try {
    return encodeUntilEnd((writer) => type.converter.write(writer, given));
  } catch (error) {
    throw explained(error, `${name}.${own}(): result of the host`, 'FIDIUS_VALUE_RESULT');
  }
}

function explained(error: unknown, place: string, code: 'FIDIUS_VALUE_ARGUMENT' | 'FIDIUS_VALUE_RESULT'): unknown {
  if (!isValueProblem(error)) return error;
  const { path, message, hint }: ValueProblem = error;
  return new FidiusError(code, `${place}${path}${error instanceof TypeMismatch ? '' : ':'} ${message}`, { hint });
}
