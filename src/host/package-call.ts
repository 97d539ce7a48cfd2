import type { Interface } from '../contract/interface.ts';
import { LoadError } from '../errors/load-error.ts';
import { createExecutor } from '../executor/create-executor.ts';
import { loadManifest, type PythonManifest } from '../packaging/manifest.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { type StartOptions, startPython } from '../python/start.ts';
import type { InterfaceDescriptor } from '../wire/descriptor.ts';
import { findEntryModule } from './entry-module.ts';
import { checkPythonManifest } from './load-python-plugin.ts';
import { noStreams } from './plugin.ts';

/** One call of one method of a package, for whoever is no program: the command line. */
export interface PackageCall {
  /** Folder of the package. */
  readonly path: string;
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
 * @throws PluginError; LoadError, also with `FIDIUS_INTERFACE_HASH_MISSING` for a module whose source does not show its hash
 *   when there is no interface; the codes of starting Python and of calls.
 */
export async function callPackage(call: PackageCall): Promise<unknown> {
  const { path, method, definition, input, start } = call;
  const manifest = loadManifest(path);
  checkPythonManifest(path, manifest, { interfaceName: definition?.name ?? manifest.interface });
  const declared = definition?.methods.find(({ name }) => name === method);
  if (declared?.streaming === true || declared?.clientStreaming === true) throw noStreams(declared);

  const interpreter = startPython(start);
  interpreter.invoke('shell.print_to_stderr');
  const descriptor = definition?.descriptor ?? declaredDescriptor(interpreter, manifest, call);
  const index = descriptor.methods.findIndex(({ name }) => name === method);
  const executor = createExecutor('thread', interpreter);
  try {
    const { name, python } = manifest;
    const plugin = await executor.load({ plugin: name, folder: path, entryModule: python.entryModule, descriptor });
    if (input instanceof Uint8Array) return await plugin.callRaw(index, input);
    return await plugin.call(index, declared?.codec, input);
  } finally {
    await executor.close();
  }
}

/** An interface of the one method, with the hash that the package itself declares. */
function declaredDescriptor(
  interpreter: Interpreter,
  manifest: PythonManifest,
  { path, method, input, onDeclaredHash }: PackageCall,
): InterfaceDescriptor {
  const interfaceHash = declaredHash(interpreter, manifest, path);
  if (interfaceHash !== undefined) onDeclaredHash(interfaceHash);
  const methods = [{ name: method, wireRaw: input instanceof Uint8Array }];
  return { interfaceName: manifest.interface, interfaceHash: interfaceHash ?? 0n, methods };
}

/** `undefined` where there is no source to read: loading says better what is wrong with the module. */
function declaredHash(interpreter: Interpreter, manifest: PythonManifest, path: string): bigint | undefined {
  const { entryModule } = manifest.python;
  const file = findEntryModule(path, entryModule);
  if (file === undefined) return undefined;
  const isSource = file.endsWith('.py');
  const shown = isSource
    ? (interpreter.invoke('shell.interface_hash', file) as ShownHash)
    : { python: true, hash: null };
  if (!shown.python) return undefined;
  if (shown.hash !== null) return BigInt(shown.hash);
  throw new LoadError(
    'FIDIUS_INTERFACE_HASH_MISSING',
    `${file} does not show which interface it implements: it assigns no number to __interface_hash__`,
    { path, interface: manifest.interface, module: entryModule },
    { hint: 'Name the interface with --interface.' },
  );
}

/** What `runtime/fidius_host/shell.py` makes of a source file. */
interface ShownHash {
  readonly python: boolean;
  readonly hash: number | bigint | null;
}
