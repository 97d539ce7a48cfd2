import { resolve } from 'node:path';
import { encodeConfig } from '../contract/config.ts';
import { provideFunctions } from '../contract/host-interface.ts';
import type { Interface } from '../contract/interface.ts';
import type { StartOptions } from '../cpython/lifecycle/start.ts';
import { showingCaller } from '../errors/call-place.ts';
import { FidiusTypeError } from '../errors/fidius-error.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import { checkExecutorChoice, type ExecutorChoice, type LoadOptions } from '../executor/executor.ts';
import { checkLoadOptions, checkProcessUse, loadOptionNames } from '../executor/executor-options.ts';
import type { OutputEvent } from '../executor/output.ts';
import { reportArguments } from './events/argument-notice.ts';
import { emitWarning } from './events/host-notice.ts';
import { printLoads, traceLoad } from './events/load-channel.ts';
import type { LoadArguments, ProvideOption } from './host-options.ts';
import { ExecutorPool } from './load/executor-pool.ts';
import { LoadBudget } from './load/load-budget.ts';
import { runLoad } from './load/load-pipeline.ts';
import { describePlugin, Plugin, requireInterface } from './plugin.ts';
import { PackagePolicy } from './policy/package-policy.ts';

/** How `loadPlugin()` loads a package. */
export interface LoadPluginOptions extends LoadOptions, StartOptions, ProvideOption {
  /**
   * Where calls run.
   *
   * @default 'auto'
   */
  readonly executor?: ExecutorChoice | undefined;
}

/** A plugin under test, and its output. */
export interface TestedPlugin<I extends Interface> extends AsyncDisposable {
  /** The plugin, as a host returns it. */
  readonly plugin: Plugin<I>;
  /** The functions of the plugin that return promises: `plugin.client`. */
  readonly client: Plugin<I>['client'];
  /** The lines that the plugin printed or logged so far. It is complete after `close()`. */
  readonly output: readonly OutputEvent[];
  /** Closes the plugin, then its executor. It may be called again. */
  close(): Promise<void>;
}

const optionNames = ['executor', 'python', 'libpython', 'isolatePython', 'config', 'provide', ...loadOptionNames];

/**
 * Loads one package for a test: by its path, without search paths, and without a check of its signature.
 *
 * @param path the folder of the package, or an archive.
 * @param definition the interface that the package implements.
 * @throws LoadError, ManifestError, ArchiveError; FidiusError `FIDIUS_ARGUMENT_INVALID`, `FIDIUS_OPTION_…`,
 *   `FIDIUS_EXECUTOR_UNKNOWN`, and the codes of starting Python.
 */
export async function loadPlugin<I extends Interface>(
  path: string,
  definition: I,
  ...[options]: LoadArguments<LoadPluginOptions, I>
): Promise<TestedPlugin<I>> {
  return showingCaller(async () => load(path, definition, options === undefined ? {} : options));
}

async function load<I extends Interface>(
  path: string,
  definition: I,
  options: LoadPluginOptions & { readonly config?: unknown },
): Promise<TestedPlugin<I>> {
  if (typeof path !== 'string' || path === '') {
    const found = describe(path);
    throw new FidiusTypeError('FIDIUS_ARGUMENT_INVALID', `loadPlugin() takes the path of a package, got ${found}`);
  }
  requireInterface('loadPlugin()', definition);
  checkOptionNames('loadPlugin()', options, optionNames);
  const { executor = 'auto', python, libpython, isolatePython, config, provide, ...loadOptions } = options;
  checkExecutorChoice(executor);
  checkLoadOptions(loadOptions);
  checkProcessUse(executor, loadOptions);
  const encodedConfig = encodeConfig(definition, config, path);
  const hostFunctions = provide === undefined ? undefined : provideFunctions(provide);
  printLoads(process.env);

  const output: OutputEvent[] = [];
  const executors = new ExecutorPool({ python, libpython, isolatePython }, { onOutput: (line) => output.push(line) });
  const candidate = { path: resolve(path) };
  const budget = new LoadBudget(candidate.path, loadOptions.signal, loadOptions.loadTimeoutMs);
  try {
    const policy = await PackagePolicy.read('loadPlugin()', {});
    const outcome = await traceLoad({ path: candidate.path, interface: definition.name }, (details) =>
      runLoad(
        { definition, executor, refuseExternal: false, config: encodedConfig, hostFunctions, options: loadOptions },
        {
          policy,
          executors,
          budget,
          details,
          select: async () => [candidate],
          compareVendored: () => [],
          describe: () => definition.descriptor,
        },
      ),
    );
    const plugin = new Plugin(definition, outcome.plugin, describePlugin(definition, outcome), () => undefined);
    reportArguments(definition, outcome.plugin, emitWarning);
    return toTested(plugin, output, executors);
  } catch (error) {
    await executors.closeAll();
    throw error;
  } finally {
    budget.end();
  }
}

function toTested<I extends Interface>(
  plugin: Plugin<I>,
  output: readonly OutputEvent[],
  executors: ExecutorPool,
): TestedPlugin<I> {
  const close = async () => {
    await plugin.close();
    await executors.closeAll();
  };
  return { plugin, client: plugin.client, output, close, [Symbol.asyncDispose]: close };
}
