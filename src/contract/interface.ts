import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import type { MethodCodec } from '../codec/method-codec.ts';
import { formatHash } from '../errors/load-error.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import { type DocOptions, definitionError, type Metadata, nameHint, readDoc, readMetadata } from './definition.ts';
import { interfaceHash, type MethodSignature, methodSignature, rustStubHash } from './hash/interface-hash.ts';
import { isRustName, parseRustTokens, streamItem } from './hash/rust-source.ts';
import type { Argument, Method, ReturnType } from './method.ts';
import { isStreamType } from './result-and-stream.ts';
import { type AnyType, isType } from './type.ts';
import { CheckedRawCodec, TypedCodec } from './typed-codec.ts';
import { isPlainObject } from './types/plain-object.ts';

// Symbol.for, so that an interface of a second copy of the package is recognised.
const brand = Symbol.for('fidius.interface');

declare const declared: unique symbol;

/** Methods by name, in the order of their indices. */
export type Methods = Readonly<Record<string, Method>>;

/** The methods that a plugin provides and a host calls. Created by {@link defineInterface}. */
export interface Interface<M extends Methods = Methods, C extends ConfigType = ConfigType> {
  /** Name of the trait, which manifests give as `interface`. Not in the hash. */
  readonly name: string;
  /** Other names that manifests may use. Not in the hash. */
  readonly aliases: readonly string[];
  /** Version of the interface, compared with `interface_version` of manifests. Not in the hash. */
  readonly version: number;
  /** 64 bits that host and plugin compare before the first call. */
  readonly hash: bigint;
  /** The hash as text: `0x` and 16 digits, as packages declare it in `__interface_hash__`. */
  readonly hashHex: string;
  /** Every method, optional ones included; the position is the index by which it is called. */
  readonly methods: readonly InterfaceMethod[];
  /** The data that the loader needs. */
  readonly descriptor: InterfaceDescriptor;
  /** Facts for the host to read, as declared; empty without any. */
  readonly metadata: Metadata;
  /** Documentation, as declared. */
  readonly doc: string | undefined;
  /** Type of the configuration of plugins; `undefined` if they are not configured. Not in the hash. */
  readonly config: C;
  /** Only for the compiler. */
  readonly [declared]?: M;
}

/** The type of a configuration; `undefined` for an interface whose plugins are not configured. */
export type ConfigType = AnyType | undefined;

/** A method with its name and position. */
export interface InterfaceMethod {
  /** Name of the method: of the function in Python and of the property of a client. */
  readonly name: string;
  /** Position in the interface, from 0, by which the method is called. */
  readonly index: number;
  /** The text of the method in the hash, unless it is optional: `tick:u32->u64!stream`. */
  readonly signature: string;
  /** The arguments, in the order in which they are passed. */
  readonly arguments: readonly Argument[];
  /** What it returns; `undefined` for a method without return type. */
  readonly returns: ReturnType;
  /** True for a method of `method.raw()`: bytes in, bytes out, without encoding. */
  readonly wireRaw: boolean;
  /** Whether a plugin may omit the method. */
  readonly optional: boolean;
  /** The version of the interface that added the method, if it was declared. */
  readonly since: number | undefined;
  /** Position among the optional methods: the bit for the method in the capabilities of a plugin. */
  readonly capabilityBit: number | undefined;
  /** True when the method returns a stream. */
  readonly streaming: boolean;
  /** True when one of the arguments is a stream. */
  readonly clientStreaming: boolean;
  /** Documentation, as declared. */
  readonly doc: string | undefined;
  /** Facts for the host to read, as declared; empty without any. */
  readonly metadata: Metadata;
  /** @internal Encodes arguments and decodes results. */
  readonly codec: MethodCodec;
}

/** The definition of an interface. */
export interface InterfaceOptions<M extends Methods, C extends ConfigType = ConfigType> extends DocOptions {
  /** Incremented when the interface changes; not in the hash. 0 to 4294967295. */
  readonly version: number;
  /** The methods by name. Their order gives their indices, so new ones are added at the end. */
  readonly methods: M;
  /**
   * Other names that a manifest may give for the interface, such as that of its crate (`calculator-interface`), which
   * the scaffolder of the Rust host writes. The hash must be equal anyway, and does not include them.
   *
   * @default []
   */
  readonly aliases?: readonly string[];
  /**
   * Facts for the host to read. Keys must not begin with `fidius.`. Not in the hash.
   *
   * @default {}
   */
  readonly metadata?: Metadata;
  /**
   * Type of the configuration. Each load then passes one, and the plugin makes an object of its own from it, in
   * `__fidius_configure__(config)`. Not in the hash.
   *
   * @default plugins are not configured
   */
  readonly config?: C;
}

/**
 * Declares an interface: the counterpart of a Rust trait with `#[plugin_interface]`, with the same hash.
 *
 * The order of the methods gives their indices and is not part of the hash, so methods are added at the end.
 *
 * @param name of the trait.
 * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
 */
export function defineInterface<const M extends Methods, const C extends ConfigType = undefined>(
  name: string,
  options: InterfaceOptions<M, C>,
): Interface<M, C> {
  if (typeof name !== 'string' || !isRustName(name)) {
    throw definitionError(`The name of an interface must be a name in Rust, got ${describe(name)}`);
  }
  checkOptionNames(`defineInterface() of ${name}`, options, [
    'version',
    'methods',
    'aliases',
    'metadata',
    'doc',
    'config',
  ]);
  const { version, aliases = [], metadata = {}, doc, config } = options;
  if (config !== undefined && !isType(config)) {
    throw definitionError(`config of ${name} must be a type made with t.*, got ${describe(config)}`);
  }
  const methods = readMethods(name, options.methods);
  const signatures = methods.map(signatureOf);
  const hash = interfaceHash(signatures, 'compiler');
  return Object.freeze({
    [brand]: true,
    name,
    aliases: readAliases(aliases, name),
    version: readVersion(name, version),
    hash,
    hashHex: formatHash(hash),
    methods,
    descriptor: Object.freeze({
      interfaceName: name,
      interfaceHash: hash,
      methods: methods.map(({ name, wireRaw, optional, streaming, clientStreaming }) =>
        Object.freeze({ name, wireRaw, optional, streamIn: clientStreaming, streamOut: streaming }),
      ),
      standaloneHash: interfaceHash(signatures, 'standalone'),
      rustStubHash: rustStubHash(signatures),
    }),
    metadata: readMetadata(metadata, name),
    doc: readDoc(doc, name),
    config: config as C,
  });
}

/** Checks the version of an interface. @throws FidiusError `FIDIUS_INTERFACE_INVALID`. */
export function readVersion(name: string, version: unknown): number {
  if (Number.isInteger(version) && (version as number) >= 0 && (version as number) <= 0xffff_ffff) {
    return version as number;
  }
  throw definitionError(`The version of ${name} must be an integer from 0 to 4294967295, got ${describe(version)}`);
}

function readAliases(aliases: unknown, name: string): readonly string[] {
  if (!Array.isArray(aliases)) {
    throw definitionError(`The aliases of ${name} must be an array of names, got ${describe(aliases)}`);
  }
  const seen = new Set([name]);
  for (const alias of aliases) {
    if (typeof alias !== 'string' || alias === '' || alias !== alias.trim()) {
      throw definitionError(`An alias of ${name} must be a name as manifests have it, got ${describe(alias)}`);
    }
    if (seen.has(alias))
      throw definitionError(`The alias ${JSON.stringify(alias)} of ${name} is given twice`, 'List it once.');
    seen.add(alias);
  }
  return Object.freeze([...(aliases as string[])]);
}

/** True for an interface made by {@link defineInterface}, also of another copy of this library. */
export function isInterface(value: unknown): value is Interface {
  return typeof value === 'object' && value !== null && brand in value;
}

/** The part of a method that the hash covers. */
export function signatureOf(
  method: Pick<InterfaceMethod, 'name' | 'arguments' | 'returns' | 'wireRaw' | 'optional'>,
): MethodSignature {
  return {
    name: method.name,
    argumentTypes: method.arguments.map(({ type }) => type.rust),
    returnType: method.returns?.rust,
    wireRaw: method.wireRaw,
    optional: method.optional,
  };
}

/** The capabilities of a plugin are 64 bits, one per optional method. */
const mostOptional = 64;

/** Checks methods by name, and gives them their positions. @throws FidiusError `FIDIUS_INTERFACE_INVALID`. */
export function readMethods(place: string, methods: unknown): readonly InterfaceMethod[] {
  if (!isPlainObject(methods)) {
    throw definitionError(`The methods of ${place} must be an object of names and methods, got ${describe(methods)}`);
  }
  let optionals = 0;
  const list = Object.entries(methods).map(([name, value], index) => {
    const method = readMethod(`${place}.${name}`, name, value);
    return Object.freeze({
      ...method,
      name,
      index,
      signature: methodSignature(signatureOf({ ...method, name }), 'compiler'),
      capabilityBit: method.optional ? optionals++ : undefined,
      streaming: isStreamType(method.returns),
      clientStreaming: method.arguments.some(({ type }) => isStreamType(type)),
      codec: method.wireRaw
        ? new CheckedRawCodec(name, method.arguments)
        : new TypedCodec(name, method.arguments, method.returns),
    });
  });
  if (optionals > mostOptional) {
    throw definitionError(
      `${place} has ${optionals} optional methods, and no more than ${mostOptional} can be told apart`,
      'Split the interface in two.',
    );
  }
  return Object.freeze(list);
}

function readMethod(place: string, name: string, value: unknown): Method {
  if (!isRustName(name))
    throw definitionError(`${JSON.stringify(name)} cannot be the name of a method in Rust`, nameHint);
  if (!isMethod(value)) {
    throw definitionError(`${place} must be made with method() or method.raw(), got ${describe(value)}`);
  }
  // Rust recognises a stream by its name alone.
  for (const { type } of [...value.arguments, { type: value.returns }]) {
    if (type === undefined || isStreamType(type) || streamItem(parseRustTokens(type.rust)) === undefined) continue;
    throw definitionError(`${place} uses ${type.rust}, which Rust recognises as a stream`, 'Use t.stream(…) for it.');
  }
  return value;
}

function isMethod(value: unknown): value is Method {
  return isPlainObject(value) && 'wireRaw' in value && Array.isArray(value['arguments']);
}
