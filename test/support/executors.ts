import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type CallOptions,
  type CloseOptions,
  type ExecutorName,
  type ExecutorStats,
  type HostLoadOptions,
  type HostOptions,
  type Interface,
  type LoadOptions,
  type Plugin,
  PluginHost,
} from '../../src/index.ts';
import { writeVersion } from './plugin-folders.ts';
import { interfaceOf } from './signatures.ts';
import { tempFolder } from './temp-folder.ts';

/** A host with one executor. Its search path is a temporary folder. */
export class HostOfOne {
  readonly searchPath = tempFolder('packages');
  readonly #opening: Promise<PluginHost>;
  #host: PluginHost | undefined;

  constructor(executor: ExecutorName, options: HostOptions) {
    this.#opening = PluginHost.open({ ...options, executor, searchPaths: [this.searchPath] });
    this.#opening.then(
      (host) => (this.#host = host),
      () => {},
    );
  }

  /** Begins at once, unless the host is still being opened. */
  async load(name: string, definition: Interface, options: HostLoadOptions): Promise<Plugin<Interface>> {
    const host = this.#host ?? (await this.#opening);
    return host.load(name, definition, options);
  }

  /** The figures of the executor, which exists after the first load. */
  stats(): ExecutorStats {
    const [stats] = this.#host?.stats().executors ?? [];
    if (stats === undefined) throw new Error('Nothing was loaded yet');
    return stats;
  }

  async close(options?: CloseOptions): Promise<void> {
    await (await this.#opening).close(options);
  }
}

/** A new host with one executor, closed after the test. */
export function openExecutor(name: ExecutorName = 'thread', options: HostOptions = {}): HostOfOne {
  const host = new HostOfOne(name, options);
  onTestFinished(() => host.close({ mode: 'abort' }));
  return host;
}

/** The executors that run calls in this process: what plugins change in it can be seen from here. */
export const inProcessExecutors = ['inline', 'thread'] as const;

/** A plugin whose methods are called by name. */
export interface Probe {
  readonly plugin: Plugin<Interface>;
  readonly call: (method: string, args?: readonly unknown[], options?: CallOptions) => Promise<unknown>;
}

export interface ProbeParts {
  /** The methods, as `interfaceOf` reads them. */
  readonly methods: readonly string[];
  /** Lines of the entry module, below its hash. */
  readonly lines: readonly string[];
  readonly name?: string;
  /** Text of further files by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: LoadOptions;
}

let modules = 0;

/** Writes a package and loads it. Each has an entry module of its own: Python keeps one module per name. */
export async function loadProbe(host: HostOfOne, parts: ProbeParts): Promise<Probe> {
  const { methods, lines, name = 'probe', files = {}, options } = parts;
  modules += 1;
  const definition = interfaceOf(methods);
  const version = `1.0.${modules}`;
  const entryModule = `probe_${modules}`;
  writeVersion(join(host.searchPath, entryModule), { name, version, entryModule, definition, lines, files });
  const plugin = await host.load(name, definition, { ...options, version });
  const client = plugin.client as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  return {
    plugin,
    call: async (method, args = [], callOptions = {}) => {
      const invoke = client[method];
      if (invoke === undefined) throw new Error(`The probe has no method ${method}`);
      return invoke(...args, callOptions);
    },
  };
}
