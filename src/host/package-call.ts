import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { rawCodec } from '../codec/raw-codec.ts';
import { untypedCodec } from '../codec/untyped-codec.ts';
import type { Interface } from '../contract/interface.ts';
import { LoadError } from '../errors/load-error.ts';
import { createExecutor } from '../executor/create-executor.ts';
import type { PythonManifest } from '../packaging/manifest/manifest.ts';
import { requireVendoredFor } from '../packaging/vendor/check-vendored.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { type StartOptions, startPython } from '../python/start.ts';
import { checkInterface } from './check-interface.ts';
import { findEntryModule } from './entry-module.ts';
import { checkPythonManifest } from './load-python-plugin.ts';
import type { PackagePolicy } from './package-policy.ts';
import { noStreams } from './plugin.ts';
import { targetPython } from './target-python.ts';

/** One call of one method of a package, for whoever is no program: the command line. */
export interface PackageCall {
  /** Folder or archive of the package. */
  readonly path: string;
  readonly policy: PackagePolicy;
  readonly method: string;
  /** The interface to hold the package and the call to. Without it the package is taken at its word. */
  readonly definition: Interface | undefined;
  /** Bytes for a raw method, or arguments for any other. */
  readonly input: Uint8Array | readonly unknown[];
  readonly start: StartOptions;
  /** Told the hash that the package declares, when there is no interface to compare it with; before any of it runs. */
  readonly onDeclaredHash: (hash: bigint) => void;
}

/**
 * Loads a package, calls a method and gives the package up again. What plugins print goes to standard error.
 *
 * @returns what the method returned; bytes for a raw one.
 * @throws what admitting the package throws; PluginError; LoadError, also with `FIDIUS_INTERFACE_HASH_MISSING` for a module
 *   whose source does not show its hash when there is no interface; the codes of starting Python and of calls.
 */
export async function callPackage(call: PackageCall): Promise<unknown> {
  const { path, policy, method, definition, input, start } = call;
  const { folder, manifest } = await policy.admit(path);
  checkPythonManifest(path, manifest, { interfaceName: definition?.name ?? manifest.interface });
  if (definition !== undefined) checkInterface(path, manifest, definition);
  const declared = definition?.methods.find(({ name }) => name === method);
  if (declared?.streaming === true || declared?.clientStreaming === true) throw noStreams(declared);

  const isolatePython = start.isolatePython ?? policy.requireSignature;
  const interpreter = startPython({ ...start, isolatePython });
  requireVendoredFor(folder, targetPython(interpreter));
  interpreter.invoke('cli_support.print_to_stderr');
  const descriptor = definition?.descriptor ?? declaredDescriptor(interpreter, { folder, manifest, call });
  const index = descriptor.methods.findIndex(({ name }) => name === method);
  const executor = createExecutor('thread', interpreter);
  try {
    const { entryModule } = manifest.python;
    const plugin = await executor.load({ plugin: manifest.name, folder, origin: path, entryModule, descriptor });
    if (input instanceof Uint8Array) return await plugin.call({ index, codec: rawCodec }, [input]);
    const codec = declared === undefined || declared.wireRaw ? untypedCodec : declared.codec;
    return await plugin.call({ index, codec }, input);
  } finally {
    await executor.close();
  }
}

interface Subject {
  readonly folder: string;
  readonly manifest: PythonManifest;
  readonly call: PackageCall;
}

/** An interface of the one method, with the hash that the package itself declares. */
function declaredDescriptor(interpreter: Interpreter, subject: Subject): InterfaceDescriptor {
  const { method, input, onDeclaredHash } = subject.call;
  const interfaceHash = declaredHash(interpreter, subject);
  if (interfaceHash !== undefined) onDeclaredHash(interfaceHash);
  const methods = [{ name: method, wireRaw: input instanceof Uint8Array }];
  return { interfaceName: subject.manifest.interface, interfaceHash: interfaceHash ?? 0n, methods };
}

/** `undefined` where there is no source to read: loading says better what is wrong with the module. */
function declaredHash(interpreter: Interpreter, { folder, manifest, call }: Subject): bigint | undefined {
  const { entryModule } = manifest.python;
  const file = findEntryModule(folder, entryModule);
  if (file === undefined) return undefined;
  const isSource = file.endsWith('.py');
  const shown = isSource
    ? (interpreter.invoke('cli_support.interface_hash', file) as ShownHash)
    : { python: true, hash: null };
  if (!shown.python) return undefined;
  if (shown.hash !== null) return BigInt(shown.hash);
  throw new LoadError(
    'FIDIUS_INTERFACE_HASH_MISSING',
    `${file} does not show which interface it implements: it assigns no number to __interface_hash__`,
    { path: call.path, interface: manifest.interface, module: entryModule },
    { hint: 'Name the interface with --interface.' },
  );
}

/** What `runtime/fidius_host/cli_support.py` makes of a source file. */
interface ShownHash {
  readonly python: boolean;
  readonly hash: number | bigint | null;
}
