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
  readonly calls?: readonly RustCall[];
}

/** A call by the name of its method: arguments as JSON, or the bytes of a raw one. */
export type RustCall = readonly [method: string, input: readonly unknown[] | Uint8Array];

/** Why the package was not loaded, or what came of each call. */
export type RustAnswer = { readonly error: string } | { readonly results: readonly RustResult[] };

export type RustResult =
  | { readonly value: unknown }
  | { readonly raw: string }
  | { readonly raised: readonly [code: string, message: string, details: unknown] }
  | { readonly error: string };

/** Loads a package in a process that runs the host written in Rust, and makes the calls. */
export function askRustHost(request: RustHostRequest): RustAnswer {
  const definition = request.interface;
  const indexOf = (name: string) => definition.methods.findIndex((method) => method.name === name);
  const input = JSON.stringify({
    searchPath: request.searchPath,
    package: request.package,
    interface: { name: definition.name, hash: formatHash(definition.hash), methods: definition.descriptor.methods },
    trustedKeys: (request.trustedKeys ?? []).map(({ bytes }) => toHex(bytes)),
    calls: (request.calls ?? []).map(([name, given]) =>
      given instanceof Uint8Array
        ? { method: indexOf(name), raw: toHex(given) }
        : { method: indexOf(name), arguments: given },
    ),
  });
  // Byte-code beside the sources would break the signature of the package: the Rust host does not keep it out.
  const env = { ...reference.host?.environment, PYTHONDONTWRITEBYTECODE: '1' };
  const { exitCode, stdout, stderr } = run(reference.host?.program, [], { input, env });
  if (exitCode !== 0) throw new Error(`The host in Rust ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as RustAnswer;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
