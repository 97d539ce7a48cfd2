import type { Interface, PublicKey } from '../../src/index.ts';
import { formatHash } from '../support/format-hash.ts';
import { reference, run } from './reference.ts';

export interface RustHostRequest {
  readonly searchPath: string;
  /** Name of the package. */
  readonly package: string;
  readonly interface: Interface;
  /** With one, the package must be signed. Default: none. */
  readonly trustedKeys?: readonly PublicKey[];
  /** For a configured instance. Default: the package is loaded without one. */
  readonly config?: unknown;
  readonly calls?: readonly RustCall[];
}

/**
 * A call by the name of its method: arguments as JSON, or the bytes of a raw one. A stream among the arguments is the
 * array of its items. `take` is the number of items after which a stream that the method returns is left.
 */
export type RustCall = readonly [method: string, input: readonly unknown[] | Uint8Array, take?: number];

/** Why the package was not loaded, or what came of each call. */
export type RustAnswer = { readonly error: string } | { readonly results: readonly RustResult[] };

export type RustResult =
  | { readonly value: unknown }
  | { readonly raw: string }
  | { readonly items: readonly unknown[]; readonly ended: RustFailure | null }
  | RustFailure;

export type RustFailure =
  | { readonly raised: readonly [code: string, message: string, details: unknown] }
  | { readonly error: string };

/** Loads a package in a process that runs the host written in Rust, and makes the calls. */
export function askRustHost(request: RustHostRequest): RustAnswer {
  const definition = request.interface;
  const input = JSON.stringify({
    searchPath: request.searchPath,
    package: request.package,
    interface: { name: definition.name, hash: formatHash(definition.hash), methods: definition.descriptor.methods },
    trustedKeys: (request.trustedKeys ?? []).map(({ bytes }) => toHex(bytes)),
    ...('config' in request ? { config: request.config } : {}),
    calls: (request.calls ?? []).map((call) => toRequest(definition, call)),
  });
  // Byte-code beside the sources would break the signature of the package: the Rust host does not keep it out.
  const env = { ...reference.host?.environment, PYTHONDONTWRITEBYTECODE: '1' };
  const { exitCode, stdout, stderr } = run(reference.host?.program, [], { input, env });
  if (exitCode !== 0) throw new Error(`The host in Rust ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as RustAnswer;
}

function toRequest(definition: Interface, [name, input, take]: RustCall): object {
  const method = definition.methods.find((each) => each.name === name);
  if (method === undefined) throw new Error(`${definition.name} has no method ${name}`);
  if (input instanceof Uint8Array) return { method: method.index, raw: toHex(input) };
  const source = method.arguments.findIndex(({ type }) => type.rust.startsWith('fidius::Stream'));
  return {
    method: method.index,
    streamOut: method.streaming,
    take,
    items: input[source],
    arguments: input.filter((_, index) => index !== source),
  };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
