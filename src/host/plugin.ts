import { createClient, createSyncClient, type Invoke } from '../contract/client/client.ts';
import type { Client, MethodName, SyncClient } from '../contract/client/client-types.ts';
import { type Interface, type InterfaceMethod, isInterface } from '../contract/interface.ts';
import { isStreamType } from '../contract/result-and-stream.ts';
import { FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';
import { describe, invalidOption } from '../errors/options.ts';
import type { CloseOptions, ExecutorName, ExecutorPlugin, PluginStats, StreamOptions } from '../executor/executor.ts';
import { checkCloseOptions } from '../executor/executor-options.ts';
import type { SkippedPackage } from '../packaging/discover-packages.ts';
import type { VendorConflict } from '../packaging/vendor/vendor-conflicts.ts';
import type { LoadedPackage } from '../protocol/load-outcome.ts';
import type { LoadOutcome } from './load/load-pipeline.ts';

/** What is known about a loaded plugin. */
export interface PluginInfo {
  /** The name in its manifest. */
  readonly name: string;
  /** The version in its manifest. */
  readonly version: string;
  /** The folder or archive that was found. */
  readonly path: string;
  /** The folder that it runs from: the same, or one of the store. */
  readonly folder: string;
  /** The key whose signature was required and found; `undefined` when none was required. */
  readonly signedBy: { readonly name: string | undefined; readonly keyId: string } | undefined;
  /** Name of the interface. */
  readonly interface: string;
  /** Version of the interface. */
  readonly interfaceVersion: number;
  /** Hash of the interface. */
  readonly interfaceHash: bigint;
  /** What it is written in. */
  readonly runtime: 'python';
  /** Where its calls run. */
  readonly executor: ExecutorName;
  /** Why the executor is `process` although `auto` prefers `thread`; `undefined` where `auto` did not decide so. */
  readonly executorReason: string | undefined;
  /** Version of the Python that runs it, such as `3.11.7`. */
  readonly pythonVersion: string;
  /** `[metadata]` of its manifest. */
  readonly metadata: unknown;
  /** Packages that were preferred to this one and could not be loaded, with the reasons. */
  readonly skipped: readonly SkippedPackage[];
  /** Distributions that this package and others of the host vendor in different versions: only one can be imported. */
  readonly vendorConflicts: readonly VendorConflict[];
  /**
   * Modules that were imported for it until it was loaded, and that lie neither in its package, nor in the standard library,
   * nor in the Python environment.
   */
  readonly externalImports: readonly ExternalImport[];
}

/** A loaded plugin, with the methods of its interface as typed functions. `PluginHost.load()` returns it. */
export class Plugin<I extends Interface> implements AsyncDisposable {
  /** Functions that return promises; Python runs where the executor says. */
  readonly client: Client<I>;
  /** What is known about it. */
  readonly info: PluginInfo;
  readonly #definition: I;
  readonly #loaded: ExecutorPlugin;
  readonly #onClose: () => void;
  #sync: SyncClient<I> | undefined;

  /** @internal */
  constructor(definition: I, loaded: ExecutorPlugin, info: PluginInfo, onClose: () => void) {
    this.#definition = definition;
    this.#loaded = loaded;
    this.#onClose = onClose;
    this.info = info;
    this.client = createClient(definition, info.name, (method) =>
      bind(loaded, method, {
        call: (args, options) => loaded.call(method, args, options),
        stream: (args, options) => loaded.stream(method, args, options),
      }),
    );
  }

  /**
   * Functions that run on this thread and return when Python is done: the fastest way, for short calls of trusted code. They
   * block this thread.
   *
   * @throws FidiusError `FIDIUS_CALL_SYNC` for a plugin with its own thread; `FIDIUS_PLUGIN_CLOSED`.
   */
  get sync(): SyncClient<I> {
    this.#sync ??= this.#createSync();
    return this.#sync;
  }

  /** Whether the plugin has an optional method. */
  supports(method: MethodName<I>): boolean {
    return this.client[method as keyof Client<I>] !== undefined;
  }

  /** Returns figures of its calls. */
  stats(): PluginStats {
    return this.#loaded.stats();
  }

  /**
   * Loads the plugin into a new process, which takes the place of the old one when it is ready. The old one finishes its calls;
   * `client` stays the same. With several processes, they are replaced one after the other.
   *
   * @throws what loading throws: the old process works on; FidiusError `FIDIUS_EXECUTOR_UNSUPPORTED` for a plugin that runs in this
   *   process; `FIDIUS_PLUGIN_CLOSED`.
   */
  async restart(): Promise<void> {
    if (this.#loaded.restart !== undefined) return this.#loaded.restart();
    const { name, executor } = this.info;
    throw new FidiusError(
      'FIDIUS_EXECUTOR_UNSUPPORTED',
      `Plugin ${name} cannot be restarted: it runs in this process, with the executor "${executor}"`,
      { hint: 'Load it with the executor "process", or close it and load it again.' },
    );
  }

  /**
   * Closes the plugin. Afterwards every method is rejected. It may be called again: the first call counts.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`; never for another reason.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions('Plugin.close()', options);
    this.#onClose();
    await this.#loaded.close(options);
  }

  /** Closes it at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createSync(): SyncClient<I> {
    const calls = this.#loaded.sync();
    if (calls === undefined) {
      throw new FidiusError(
        'FIDIUS_CALL_SYNC',
        `Plugin ${this.info.name} runs on its own thread, or in another process, and cannot be called on this thread`,
        { hint: 'Use `client`, or load it without `ownThread` and with the executor "inline" or "thread".' },
      );
    }
    return createSyncClient(this.#definition, this.info.name, (method) =>
      bind(this.#loaded, method, {
        call: (args, options) => {
          if (options?.input !== undefined) throw noSyncInput(this.info.name, method);
          return calls.callSync(method, args, options);
        },
        stream: (args, options) => {
          if (options?.input !== undefined) throw noSyncInput(this.info.name, method);
          return calls.streamSync(method, args, options);
        },
      }),
    );
  }
}

/** How a method is called, with the source of its argument stream among the options. */
interface Ways {
  readonly call: (args: unknown[], options: StreamOptions | undefined) => unknown;
  readonly stream: (args: unknown[], options: StreamOptions | undefined) => unknown;
}

/** The function that calls a method; `undefined` where the plugin lacks it. */
function bind({ methods }: ExecutorPlugin, method: InterfaceMethod, ways: Ways): Invoke<unknown> | undefined {
  if (methods[method.index] === 'absent') return undefined;
  const call = method.streaming ? ways.stream : ways.call;
  if (!method.clientStreaming) return call;
  const at = method.arguments.findIndex(({ type }) => isStreamType(type));
  return (args, options) => {
    const [input] = args.splice(at, 1);
    // An absent source is refused like any other that cannot be iterated.
    return call(args, { ...options, input: input ?? null });
  };
}

/** Python would have to call JavaScript for the next item, on the thread that waits for Python. */
function noSyncInput(plugin: string, { name }: InterfaceMethod): FidiusError {
  return new FidiusError('FIDIUS_CALL_STREAM', `${name}() of ${plugin} takes a stream, which \`sync\` cannot pass`, {
    hint: 'Use `client`, with the executor "thread" or "process".',
  });
}

/** Collects the facts about a plugin that was loaded. */
export function describePlugin(definition: Interface, outcome: LoadOutcome): PluginInfo {
  const { selected, skipped, vendorConflicts, executorReason, pythonVersion, plugin } = outcome;
  const { path, folder, manifest, signedBy } = selected;
  return Object.freeze({
    name: manifest.name,
    version: manifest.version,
    path,
    folder,
    signedBy: signedBy && { name: signedBy.name, keyId: signedBy.key.id },
    interface: definition.name,
    interfaceVersion: definition.version,
    interfaceHash: definition.hash,
    runtime: 'python',
    executor: plugin.executor,
    executorReason,
    pythonVersion,
    metadata: manifest.metadata,
    skipped,
    vendorConflicts,
    externalImports: toExternalImports(plugin.external),
  });
}

/** What becomes of a plugin that imports an external module. */
export type ExternalImports = 'allow' | 'refuse';

/**
 * A module that a plugin imports, and that lies neither in its package, nor in the standard library, nor in the Python
 * environment: nothing that was signed or configured says what it does.
 */
export interface ExternalImport {
  /** Its dotted name; for a package, that of the outermost one. */
  readonly module: string;
  /** Its file, or its folder. */
  readonly path: string;
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExternalImports(value: unknown): asserts value is ExternalImports | undefined {
  if (value === undefined || value === 'allow' || value === 'refuse') return;
  throw invalidOption(`externalImports must be "allow" or "refuse", got ${describe(value)}`, value, 'string');
}

function toExternalImports(external: LoadedPackage['external']): readonly ExternalImport[] {
  return external.map(([module, path]) => ({ module, path }));
}

/** @throws FidiusTypeError `FIDIUS_ARGUMENT_INVALID` if the argument of a function that loads is not an interface. */
export function requireInterface(operation: string, definition: unknown): void {
  if (isInterface(definition)) return;
  const message = `${operation} takes an interface made by defineInterface(), got ${describe(definition)}`;
  throw new FidiusTypeError('FIDIUS_ARGUMENT_INVALID', message);
}
