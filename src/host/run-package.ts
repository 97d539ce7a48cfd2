import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { rawCodec } from '../codec/method-codec.ts';
import { untypedCodec } from '../codec/untyped-codec.ts';
import type { Interface } from '../contract/interface.ts';
import type { StartOptions } from '../cpython/lifecycle/start.ts';
import { closest } from '../errors/closest.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { LoadError } from '../errors/load-error.ts';
import type { CallOptions, CloseOptions, ExecutorChoice } from '../executor/executor.ts';
import type { OutputEvent } from '../executor/output.ts';
import { readInterfaceHash, type ShownHash } from '../executor/process/read-interface-hash.ts';
import { ResultStream } from '../executor/result-stream.ts';
import { readMethods } from '../packaging/manifest/entry-methods.ts';
import type { PythonManifest } from '../packaging/manifest/manifest.ts';
import { printLoads, traceLoad } from './events/load-channel.ts';
import { findEntryModule } from './load/entry-module.ts';
import { ExecutorPool, type StartedExecutor } from './load/executor-pool.ts';
import { LoadBudget, type LoadProgressListener } from './load/load-budget.ts';
import { type LoadOutcome, runLoad, type SelectedPackage } from './load/load-pipeline.ts';
import type { PackagePolicy } from './policy/package-policy.ts';

/** One call of one method of a package, as a command asks for it. */
export interface PackageCall {
  /** Folder or archive of the package. */
  readonly path: string;
  readonly policy: PackagePolicy;
  /** Name of the method; empty if the package is only loaded. */
  readonly method: string;
  /** The interface to check the package and the call against. Without one, the hash that the package declares is used. */
  readonly definition: Interface | undefined;
  /** Encoded configuration; `undefined` if the package is not configured. */
  readonly config?: Uint8Array | undefined;
  /** Bytes for a raw method, or arguments for any other. */
  readonly input: Uint8Array | readonly unknown[];
  readonly start: StartOptions;
  /** Where the call runs. Default: `auto`. */
  readonly executor?: ExecutorChoice | undefined;
  /** Receives what the package prints, with the executor `process`. */
  readonly onOutput: (event: OutputEvent) => void;
  /** Cancels the load or the call. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for load and call together. Default: no limit, because the user of a command ends it with Ctrl-C. */
  readonly timeoutMs?: number | undefined;
  readonly onProgress?: LoadProgressListener | undefined;
  /** Receives the package that was verified, before its code runs. What it throws fails the load. */
  readonly onSelected?: ((selected: SelectedPackage) => void) | undefined;
  /** Receives each item of a method that returns a stream. */
  readonly onItem?: ((item: unknown) => void) | undefined;
  /** Receives the reports of the method on its progress. */
  readonly onCallProgress?: CallOptions['onProgress'];
  /** Is called when the package is loaded, before the call. */
  readonly onCall?: (() => void) | undefined;
  /** Receives the hash that the package declares, when no interface is given; before code of the package runs. */
  readonly onDeclaredHash: (hash: bigint) => void;
}

/** A package that was loaded for calls of one method. */
export interface OpenedPackage {
  readonly outcome: LoadOutcome;
  /** Calls the method within the time that is left. @throws PluginError; the codes of calls. */
  invoke(): Promise<unknown>;
  /** Closes the package and ends what ran it. Never rejects. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Loads a package, calls one method and closes the package. The output of plugins goes to standard error.
 *
 * @returns what the method returned; bytes for a raw one, `undefined` after the last item of a stream.
 * @throws what loading throws; PluginError; LoadError, also with `FIDIUS_INTERFACE_HASH_MISSING` for a module whose source
 *   does not contain its hash when no interface is given; the codes of calls.
 */
export async function runPackage(call: PackageCall): Promise<unknown> {
  const opened = await openPackage(call);
  let closing: CloseOptions = {};
  try {
    call.onCall?.();
    const result = await opened.invoke();
    if (!(result instanceof ResultStream)) return result;
    for await (const item of result) call.onItem?.(item);
    return undefined;
  } catch (error) {
    closing = closingAfter(error, call);
    throw error;
  } finally {
    await opened.close(closing);
  }
}

/**
 * Loads a package for calls of one method.
 *
 * @throws what {@link runPackage} throws before the call.
 */
export async function openPackage(call: PackageCall): Promise<OpenedPackage> {
  const { path, policy, method, definition, input, start, executor = 'auto', onOutput } = call;
  const declared = definition?.methods.find(({ name }) => name === method);
  if (declared?.clientStreaming === true) throw noInput(declared.name);

  printLoads(process.env);
  const executors = new ExecutorPool(
    { ...start, isolatePython: start.isolatePython ?? policy.requireSignature },
    {},
    { onOutput },
  );
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, onProgress } = call;
  const budget = new LoadBudget(path, signal, timeoutMs, onProgress);
  let index = -1;
  let [folder, entryModule] = ['', ''];
  const close = async (options?: CloseOptions) => {
    budget.end();
    await executors.closeAll(options);
  };
  try {
    const outcome = await traceLoad({ path, interface: definition?.name ?? '' }, (details) =>
      runLoad(
        { definition, executor, refuseExternal: false, config: call.config, options: {} },
        {
          policy,
          executors,
          budget,
          details,
          select: async () => [{ path }],
          compareVendored: () => [],
          describe: (selected, started) => {
            call.onSelected?.(selected);
            folder = selected.folder;
            entryModule = selected.manifest.python.entryModule;
            started.interpreter?.invoke('cli_support.print_to_stderr');
            const descriptor = definition?.descriptor ?? declaredDescriptor(started, { ...selected, call });
            index = descriptor.methods.findIndex(({ name }) => name === method);
            return descriptor;
          },
        },
      ),
    );
    const { plugin } = outcome;
    const codec = declared === undefined || declared.wireRaw ? untypedCodec : declared.codec;
    const [target, args] =
      input instanceof Uint8Array ? [{ index, codec: rawCodec }, [input]] : [{ index, codec }, input];
    const invoke = async () => {
      const limits = {
        signal,
        timeoutMs: timeoutMs === Number.POSITIVE_INFINITY ? undefined : budget.leftMs,
        onProgress: call.onCallProgress,
      };
      try {
        if (declared?.streaming === true) return plugin.stream(target, args, limits);
        return await plugin.call(target, args, limits);
      } catch (error) {
        throw explainTimeout(error, call);
      }
    };
    return { outcome, invoke, close };
  } catch (error) {
    await close(closingAfter(error, call));
    throw definition === undefined ? nameMethods(error, { method, folder, entryModule }) : error;
  }
}

function noInput(method: string): FidiusError {
  return new FidiusError('FIDIUS_CALL_STREAM', `${method}() takes a stream, which a command cannot pass`, {
    hint: 'Call it in a program, through `client`.',
  });
}

/** What was cancelled does not get more time. */
function closingAfter(error: unknown, { signal }: PackageCall): CloseOptions {
  return signal?.aborted === true || isTimeout(error) ? { mode: 'abort', timeoutMs: cancelledMs } : {};
}

function explainTimeout(error: unknown, { method, timeoutMs = Number.POSITIVE_INFINITY }: PackageCall): unknown {
  if (!isFidiusError(error) || error.code !== 'FIDIUS_CALL_TIMEOUT') return error;
  const message = `${method}() did not end within the ${timeoutMs / 1000} s that load and call may take`;
  return new FidiusError(error.code, message, { cause: error, hint: error.hint });
}

/** How long a cancelled call may take to end. */
const cancelledMs = 200;

function isTimeout(error: unknown): boolean {
  return isFidiusError(error) && (error.code === 'FIDIUS_CALL_TIMEOUT' || error.code === 'FIDIUS_LOAD_TIMEOUT');
}

/** Adds the methods that the entry module has to the error about one that it lacks. */
function nameMethods(
  error: unknown,
  { method, folder, entryModule }: { readonly method: string; readonly folder: string; readonly entryModule: string },
): unknown {
  if (!(error instanceof LoadError) || error.code !== 'FIDIUS_METHOD_MISSING') return error;
  const names = readMethods(findEntryModule(folder, entryModule)) ?? [];
  if (names.length === 0) return error;
  const message = `entry module ${entryModule} has no method ${method}; its methods are: ${names.join(', ')}`;
  const near = closest(method, names);
  const hint = near === undefined ? error.hint : `Call ${near}.`;
  return new LoadError(error.code, message, error, { cause: error.cause, hint });
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
  const methods = method === '' ? [] : [{ name: method, wireRaw: input instanceof Uint8Array }];
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
