import { type FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ProcessError } from '../../errors/process-error.ts';
import { clearTimeout, now, setTimeout } from '../../node/timers.ts';
import type { CloseOptions, ExecutorPlugin, ExecutorStats, LoadOptions, LoadRequest } from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import type { OutputEvent } from '../output.ts';
import { ServerExecutor } from '../server/server-executor.ts';
import type { ChildPython } from './child-python.ts';
import { readUsage } from './child-usage.ts';
import { notifyOf, processChannel } from './process-events.ts';
import type { ProcessSettings } from './process-options.ts';
import type { ProcessStats } from './process-stats.ts';
import { ChildTransport } from './spawn-child.ts';
import { Supervisor } from './supervisor.ts';

/** A plugin that a child runs, over all restarts of the child. */
export interface Member {
  readonly request: LoadRequest;
  readonly options: LoadOptions;
  /** The child has loaded the plugin. */
  attached(plugin: ExecutorPlugin): void;
  /** The child has ended; it may be started again. */
  detached(): void;
  /** The child is not started again. */
  failed(error: FidiusError): void;
}

/** How long closing waits for exit functions after the connection has ended, in milliseconds. */
const exitMs = 5_000;
/** How long it waits for the system to end a process that was killed. */
const killedMs = 1_000;

/**
 * One child process over its restarts. Each process has a server of its own and a connection of its own; the plugins stay.
 *
 * A call that was sent to a process is never repeated.
 */
export class SupervisedChild {
  readonly python: ChildPython;
  readonly settings: ProcessSettings;
  readonly #options: ExecutorOptions;
  readonly #supervisor: Supervisor;
  readonly #members = new Set<Member>();
  /** The server of the running process. */
  #server: ServerExecutor | undefined;
  #transport: ChildTransport | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #failure: FidiusError | undefined;
  #closing: Promise<void> | undefined;

  constructor(python: ChildPython, settings: ProcessSettings, options: ExecutorOptions) {
    this.python = python;
    this.settings = settings;
    this.#options = options;
    this.#supervisor = new Supervisor(settings.restart, now);
  }

  /** Whether it runs no plugin. */
  get isUnused(): boolean {
    return this.#members.size === 0;
  }

  /** Loads a plugin into the process, which is started if it does not run. */
  async load(member: Member): Promise<ExecutorPlugin> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#restartTimer !== undefined) this.#restart();
    const server = this.#server ?? this.#start();
    let plugin: ExecutorPlugin;
    try {
      plugin = await server.load(member.request, member.options);
    } catch (error) {
      throw this.#explainLoad(member, error);
    }
    this.#members.add(member);
    if (this.#server === server) this.#becomeReady();
    return plugin;
  }

  /** A plugin is closed: it is not loaded again. */
  remove(member: Member): void {
    this.#members.delete(member);
    if (!this.isUnused) return;
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
  }

  /** Keeps the event loop alive until the restart that is due, because calls wait for it. */
  awaitRestart(): void {
    this.#restartTimer?.ref();
  }

  stats(): ProcessStats {
    const { state, restarts, crashes } = this.#supervisor;
    const pid = this.#transport?.pid;
    return { state, pid, restarts, crashes, ...(pid === undefined ? {} : readUsage(pid)) };
  }

  serverStats(): ExecutorStats | undefined {
    return this.#server?.stats();
  }

  /** Ends the process. Its plugins are closed first. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  #start(): ServerExecutor {
    const { umask, limits } = this.settings;
    const server = new ServerExecutor({
      ...this.#options,
      onOutput: this.#options.onOutput && ((event) => this.#onOutput(event)),
      name: 'process',
      processSettings: { umask: umask ?? null, limits: definedLimits(limits) },
      connect: (receiver) => {
        const { python, settings } = this;
        const transport = new ChildTransport(
          { executable: python.executable, settings, onOutput: this.#pluginOutput },
          receiver,
        );
        this.#transport = transport;
        return transport;
      },
      onEnd: (failure) => void this.#onEnd(server, failure),
    });
    this.#server = server;
    this.#publish();
    return server;
  }

  /** Output that Python sends itself. */
  #onOutput(event: OutputEvent): void {
    if (event.stream === 'stderr') this.#transport?.keep(event.text);
    this.#options.onOutput?.(event);
  }

  /** Output that Python does not send itself. It belongs to the plugin if there is only one. */
  get #pluginOutput() {
    const { onOutput } = this.#options;
    if (onOutput === undefined) return undefined;
    return (stream: 'stdout' | 'stderr', text: string) => {
      const [name, ...others] = this.#names();
      onOutput({ plugin: others.length === 0 ? name : undefined, stream, text });
    };
  }

  #explainLoad({ request }: Member, error: unknown): unknown {
    const subject = `Loading ${request.plugin} failed`;
    if (error instanceof ProcessError) return error.concerning(subject, error.code !== 'FIDIUS_PROCESS_START_FAILED');
    if (!isFidiusError(error) || error.code !== 'FIDIUS_EXECUTOR_FAILED') return error;
    const pid = this.#transport?.facts.process;
    const data = { ...noProcess, pid, stderrTail: this.#transport?.stderrTail() ?? '' };
    return new ProcessError('FIDIUS_PROCESS_START_FAILED', `${subject}: ${error.message}`, data, {
      cause: error,
      hint: error.hint,
    });
  }

  #becomeReady(): void {
    if (this.#supervisor.state === 'ready') return;
    this.#supervisor.ready();
    this.#publish();
  }

  /** The connection to the process has ended. */
  async #onEnd(server: ServerExecutor, failure: FidiusError): Promise<void> {
    if (this.#server !== server) return;
    this.#server = undefined;
    const transport = this.#transport as ChildTransport;
    if (this.#closing !== undefined) return;
    // Usually it has ended already. What it could still do has no effect without its connection.
    const killer = setTimeout(() => transport.terminate('SIGKILL'), this.settings.killAfterMs).unref();
    for (const member of this.#members) member.detached();
    await transport.exited;
    clearTimeout(killer);
    if (this.#closing === undefined && this.#server === undefined && !this.isUnused) this.#planRestart(failure);
  }

  #planRestart(failure: FidiusError): void {
    const { code } = failure;
    const delay = code === 'FIDIUS_PROCESS_TERMINATED' ? this.#supervisor.terminated() : this.#supervisor.crashed();
    this.#publish({ error: failure, restartInMs: delay });
    if (delay === undefined) {
      this.#fail(failure);
      return;
    }
    notifyOf(this.#options.onNotice, 'crashed', this.#names(), failure);
    this.#restartTimer = setTimeout(() => this.#restart(), delay).unref();
    for (const member of this.#members) member.detached();
  }

  #restart(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    this.#supervisor.restarting();
    void this.#reload();
  }

  /** Starts a new process, and loads all plugins into it. */
  async #reload(): Promise<void> {
    let server: ServerExecutor | undefined;
    try {
      const starting = this.#start();
      server = starting;
      await Promise.all([...this.#members].map((member) => this.#reattach(starting, member)));
      if (this.#server !== server) return;
      this.#becomeReady();
      notifyOf(this.#options.onNotice, 'restarted', this.#names());
    } catch (error) {
      // If the process has ended, #onEnd has been called, too.
      if (server !== undefined && this.#server !== server) return;
      this.#server = undefined;
      void server?.close({ mode: 'abort' });
      if (this.#closing === undefined && !this.isUnused) this.#planRestart(error as FidiusError);
    }
  }

  async #reattach(server: ServerExecutor, member: Member): Promise<void> {
    const plugin = await server.load(member.request, { ...member.options, signal: undefined });
    if (this.#members.has(member)) member.attached(plugin);
    else await plugin.close();
  }

  #fail(cause: FidiusError): void {
    const { crashes } = this.#supervisor;
    const data = cause instanceof ProcessError ? cause.toData(false) : noProcess;
    const names = this.#names();
    this.#failure = new ProcessError(
      'FIDIUS_PROCESS_FAILED',
      `The process of ${names.join(', ')} is not started again after ${crashes} crash${crashes === 1 ? '' : 'es'}; the last one: ${firstLine(cause)}`,
      data,
      { cause, hint: 'Fix the reason, then load the plugin again.' },
    );
    notifyOf(this.#options.onNotice, 'failed', names, cause);
    for (const member of this.#members) member.failed(this.#failure);
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    this.#supervisor.draining();
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    const transport = this.#transport;
    if (transport?.pid !== undefined) this.#publish();
    await this.#server?.close(options);
    if (transport !== undefined) await this.#end(transport, options);
    this.#server = undefined;
    if (this.#failure !== undefined) return;
    this.#supervisor.closed();
    this.#publish();
  }

  /** Waits for the exit of a process whose connection was closed, and ends it by force if need be. */
  async #end(transport: ChildTransport, { mode = 'drain', timeoutMs = exitMs }: CloseOptions = {}): Promise<void> {
    const { terminateAfterMs, killAfterMs } = this.settings;
    const patience = mode === 'abort' ? terminateAfterMs : Math.min(timeoutMs, exitMs);
    if (await transport.exitWithin(patience)) return;
    transport.terminate('SIGTERM');
    if (await transport.exitWithin(Math.min(killAfterMs, exitMs))) return;
    transport.terminate('SIGKILL');
    await transport.exitWithin(killedMs);
  }

  #names(): readonly string[] {
    return [...this.#members].map(({ request }) => request.plugin);
  }

  #publish(more: { readonly error?: unknown; readonly restartInMs?: number | undefined } = {}): void {
    if (!processChannel.hasSubscribers) return;
    const { state, restarts } = this.#supervisor;
    const pid = this.#transport?.facts.process;
    const { executable } = this.python;
    processChannel.publish({ state, pid, executable, plugins: this.#names(), restarts, ...more });
  }
}

const noProcess = { pid: undefined, exitCode: undefined, signal: undefined, stderrTail: '', mayHaveRun: false };

function firstLine(error: unknown): string {
  return isFidiusError(error) ? (error.message.split('\n', 1)[0] as string) : String(error);
}

function definedLimits(limits: ProcessSettings['limits']): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >;
}
