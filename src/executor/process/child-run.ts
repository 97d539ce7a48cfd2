import type { FidiusError } from '../../errors/fidius-error.ts';
import { now } from '../../node/timers.ts';
import type { CloseOptions, ExecutorPlugin, LoadOptions, LoadRequest } from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import type { OutputEvent } from '../output.ts';
import type { CallGuard } from '../server/server-call.ts';
import { ServerExecutor } from '../server/server-executor.ts';
import type { ChildPython } from './child-python.ts';
import { loadFailed } from './process-errors.ts';
import type { ProcessSettings } from './process-options.ts';
import { ChildTransport } from './spawn-child.ts';

/** A plugin to load into a process. */
export interface ChildLoad {
  readonly request: LoadRequest;
  readonly options: LoadOptions;
  /** Calls of the plugin that must not be sent. */
  readonly guard: CallGuard;
}

/** What a process needs from the child that it is a run of. */
export interface ChildRunOwner {
  readonly python: ChildPython;
  readonly settings: ProcessSettings;
  readonly options: ExecutorOptions;
  /** Names of the plugins that it runs. */
  readonly names: () => readonly string[];
  /** The connection to the process has ended. */
  readonly ended: (run: ChildRun, failure: FidiusError) => void;
}

/** How long closing waits for exit functions after the connection has ended, in milliseconds. */
const exitMs = 5_000;
/** How long it waits for the system to end a process that was killed. */
const killedMs = 1_000;

/** One process, from its start to its end, with a server and a connection of its own. It is started by the first load. */
export class ChildRun {
  readonly server: ServerExecutor;
  readonly startedAt = now();
  /** Created together with the connection, by the first load. */
  transport: ChildTransport | undefined;
  readonly #settings: ProcessSettings;

  constructor({ python, settings, options, names, ended }: ChildRunOwner) {
    const { umask, limits } = settings;
    const { onOutput } = options;
    this.#settings = settings;
    this.server = new ServerExecutor({
      ...options,
      onOutput: onOutput && ((event) => this.#onOutput(onOutput, event)),
      name: 'process',
      processSettings: { umask: umask ?? null, limits: definedLimits(limits) },
      connect: (receiver) => {
        const plan = { executable: python.executable, settings, onOutput: onOutput && toPluginOutput(onOutput, names) };
        this.transport = new ChildTransport(plan, receiver);
        return this.transport;
      },
      onEnd: (failure) => ended(this, failure),
    });
  }

  /** @throws what loading throws; ProcessError. */
  async load({ request, options, guard }: ChildLoad): Promise<ExecutorPlugin> {
    try {
      return await this.server.load(request, options, guard);
    } catch (error) {
      throw loadFailed(request.plugin, this.transport, error);
    }
  }

  /** A further load has the whole time limit of the first one, of which the search for the package had used a part. */
  loadAgain({ request, options, guard }: ChildLoad): Promise<ExecutorPlugin> {
    const loadTimeoutMs = request.totalTimeoutMs ?? options.loadTimeoutMs;
    return this.load({ request, options: { ...options, signal: undefined, loadTimeoutMs }, guard });
  }

  /** Waits for the exit of the process, after its connection was closed, and ends it by force if need be. */
  async end({ mode = 'drain', timeoutMs = exitMs }: CloseOptions = {}): Promise<void> {
    const { transport } = this;
    if (transport === undefined) return;
    const { terminateAfterMs, killAfterMs } = this.#settings;
    const patience = mode === 'abort' ? terminateAfterMs : Math.min(timeoutMs, exitMs);
    if (await transport.exitWithin(patience)) return;
    transport.terminate('SIGTERM');
    if (await transport.exitWithin(Math.min(killAfterMs, exitMs))) return;
    transport.terminate('SIGKILL');
    await transport.exitWithin(killedMs);
  }

  /** Output that Python sends itself. */
  #onOutput(onOutput: (event: OutputEvent) => void, event: OutputEvent): void {
    if (event.stream === 'stderr') this.transport?.keep(event.text);
    onOutput(event);
  }
}

/** Output that Python does not send itself. It belongs to the plugin if there is only one. */
function toPluginOutput(onOutput: (event: OutputEvent) => void, names: () => readonly string[]) {
  return (stream: 'stdout' | 'stderr', text: string) => {
    const [name, ...others] = names();
    onOutput({ plugin: others.length === 0 ? name : undefined, stream, text });
  };
}

function definedLimits(limits: ProcessSettings['limits']): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >;
}
