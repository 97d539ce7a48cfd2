import { parseRustTokens, streamItem } from './rust-source.ts';
import { printTokens, type Spelling, spellRustType } from './rust-spelling.ts';

/** The part of a method that the interface hash covers. Types are Rust source, as in the trait. */
export interface MethodSignature {
  readonly name: string;
  readonly argumentTypes: readonly string[];
  /** Undefined when the Rust method has no arrow, which is not the same as `-> ()`. */
  readonly returnType: string | undefined;
  readonly wireRaw: boolean;
  readonly optional: boolean;
}

/**
 * The hash that a host and a plugin compare before the first call: FNV-1a 64 of the signatures of the required methods,
 * sorted byte-wise and joined by line feeds.
 *
 * Not covered: the order of the methods, the names of their arguments, the name and version of the interface, optional
 * methods, metadata, and the contents of named types.
 */
export function interfaceHash(methods: readonly MethodSignature[], spelling: Spelling): bigint {
  const required = methods.filter((method) => !method.optional);
  return hashSignatures(required.map((method) => methodSignature(method, spelling)));
}

/**
 * The text of one method in the hash: `tick:u32->u64!stream`. Markers come in the order `!raw`, `!stream`, `<stream`.
 */
export function methodSignature(method: MethodSignature, spelling: Spelling): string {
  const list = method.argumentTypes.map((type) => spellOutside(type, spelling));
  const returned = method.returnType === undefined ? undefined : spellOutside(method.returnType, spelling);
  const markers = [
    method.wireRaw ? '!raw' : '',
    returned?.stream === true ? '!stream' : '',
    list.some((argument) => argument.stream) ? '<stream' : '',
  ];
  return `${method.name}:${list.map(({ text }) => text).join(',')}->${returned?.text ?? ''}${markers.join('')}`;
}

/**
 * The hash that `fidius python-stub` of the Rust tool 0.5.7 writes. It differs from what hosts expect in three ways:
 * the standalone spelling, optional methods hashed in, streams spelled literally and without their marker.
 */
export function rustStubHash(methods: readonly MethodSignature[]): bigint {
  const spell = (type: string) => spellRustType(type, 'standalone');
  return hashSignatures(
    methods.map(({ name, argumentTypes, returnType, wireRaw }) => {
      const returned = returnType === undefined ? '' : spell(returnType);
      return `${name}:${argumentTypes.map(spell).join(',')}->${returned}${wireRaw ? '!raw' : ''}`;
    }),
  );
}

/** The spelling of an argument or a return type, where a stream stands for its item. */
function spellOutside(type: string, spelling: Spelling): { readonly text: string; readonly stream: boolean } {
  const tokens = parseRustTokens(type);
  const item = streamItem(tokens);
  return { text: printTokens(item ?? tokens, spelling), stream: item !== undefined };
}

function hashSignatures(signatures: readonly string[]): bigint {
  const lines = signatures.map((signature) => Buffer.from(signature)).toSorted((a, b) => Buffer.compare(a, b));
  return fnv1a64(Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from('\n'), line]))));
}

const offsetBasis = 0xcbf29ce484222325n;
const prime = 0x00000100000001b3n;

/**
 * FNV-1a with 64 bits: xor a byte, multiply, modulo 2^64. The hash of no bytes is the offset basis
 * `0xcbf29ce484222325`.
 */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = offsetBasis;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  return hash;
}
