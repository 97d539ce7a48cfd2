import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { rawCodec } from '../codec/method-codec.ts';
import { untypedCodec } from '../codec/untyped-codec.ts';
import type { Interface } from '../contract/interface.ts';
import type { StartOptions } from '../cpython/lifecycle/start.ts';
import { LoadError } from '../errors/load-error.ts';
import type { ExecutorName } from '../executor/executor.ts';
import type { OutputEvent } from '../executor/output.ts';
import { readInterfaceHash, type ShownHash } from '../executor/process/read-interface-hash.ts';
import type { PythonManifest } from '../packaging/manifest/manifest.ts';
import { printLoads, traceLoad } from './events/load-channel.ts';
import { findEntryModule } from './load/entry-module.ts';
import { ExecutorPool, type StartedExecutor } from './load/executor-pool.ts';
import { LoadBudget } from './load/load-budget.ts';
import { runLoad } from './load/load-pipeline.ts';
import { noStreams } from './plugin.ts';
import type { PackagePolicy } from './policy/package-policy.ts';

/** One call of one method of a package, as a command asks for it. */
export interface PackageCall {
  /** Folder or archive of the package. */
  readonly path: string;
  readonly policy: PackagePolicy;
  readonly method: string;
  /** The interface to check the package and the call against. Without one, the hash that the package declares is used. */
  readonly definition: Interface | undefined;
  /** Bytes for a raw method, or arguments for any other. */
  readonly input: Uint8Array | readonly unknown[];
  readonly start: StartOptions;
  /** Where the call runs. Default: `thread`. */
  readonly executor?: ExecutorName | undefined;
  /** Receives what the package prints, with the executor `process`. */
  readonly onOutput: (event: OutputEvent) => void;
  /** Receives the hash that the package declares, when no interface is given; before code of the package runs. */
  readonly onDeclaredHash: (hash: bigint) => void;
}

/**
 * Loads a package, calls one method and closes the package. The output of plugins goes to standard error.
 *
 * @returns what the method returned; bytes for a raw one.
 * @throws what loading throws; PluginError; LoadError, also with `FIDIUS_INTERFACE_HASH_MISSING` for a module whose source
 *   does not contain its hash when no interface is given; the codes of calls.
 */
export async function runPackage(call: PackageCall): Promise<unknown> {
  const { path, policy, method, definition, input, start, executor = 'thread', onOutput } = call;
  const declared = definition?.methods.find(({ name }) => name === method);
  if (declared?.streaming === true || declared?.clientStreaming === true) throw noStreams(declared);

  printLoads(process.env);
  const executors = new ExecutorPool(
    { ...start, isolatePython: start.isolatePython ?? policy.requireSignature },
    executor === 'process' ? { onOutput } : {},
  );
  // The user of a command ends it with Ctrl-C: verifying a large package may take long.
  const budget = new LoadBudget(path, undefined, Number.POSITIVE_INFINITY);
  let index = -1;
  try {
    const { plugin } = await traceLoad({ path, interface: definition?.name ?? '' }, (details) =>
      runLoad(
        { definition, executor, refuseExternal: false, options: {} },
        {
          policy,
          executors,
          budget,
          details,
          select: async () => [{ path }],
          compareVendored: () => [],
          describe: (selected, started) => {
            started.interpreter?.invoke('cli_support.print_to_stderr');
            const descriptor = definition?.descriptor ?? declaredDescriptor(started, { ...selected, call });
            index = descriptor.methods.findIndex(({ name }) => name === method);
            return descriptor;
          },
        },
      ),
    );
    if (input instanceof Uint8Array) return await plugin.call({ index, codec: rawCodec }, [input]);
    const codec = declared === undefined || declared.wireRaw ? untypedCodec : declared.codec;
    return await plugin.call({ index, codec }, input);
  } finally {
    budget.end();
    await executors.closeAll();
  }
}

interface Subject {
  readonly folder: string;
  readonly manifest: PythonManifest;
  readonly call: PackageCall;
}

/** An interface of the one method, with the hash that the package itself declares. */
function declaredDescriptor(started: StartedExecutor, subject: Subject): InterfaceDescriptor {
  const { method, input, onDeclaredHash } = subject.call;
  const interfaceHash = declaredHash(started, subject);
  if (interfaceHash !== undefined) onDeclaredHash(interfaceHash);
  const methods = [{ name: method, wireRaw: input instanceof Uint8Array }];
  return { interfaceName: subject.manifest.interface, interfaceHash: interfaceHash ?? 0n, methods };
}

/** `undefined` where there is no source to read: loading says better what is wrong with the module. */
function declaredHash(started: StartedExecutor, { folder, manifest, call }: Subject): bigint | undefined {
  const { entryModule } = manifest.python;
  const file = findEntryModule(folder, entryModule);
  if (file === undefined) return undefined;
  const isSource = file.endsWith('.py');
  const shown = isSource ? readHash(started, file) : { python: true, hash: null };
  if (!shown.python) return undefined;
  if (shown.hash !== null) return BigInt(shown.hash);
  throw new LoadError(
    'FIDIUS_INTERFACE_HASH_MISSING',
    `${file} does not show which interface it implements: it assigns no number to __interface_hash__`,
    { path: call.path, interface: manifest.interface, module: entryModule },
    { hint: 'Name the interface with --interface.' },
  );
}

function readHash({ interpreter, executable }: StartedExecutor, file: string): ShownHash {
  if (interpreter !== undefined) return interpreter.invoke('cli_support.interface_hash', file) as ShownHash;
  return readInterfaceHash(executable as string, file);
}
