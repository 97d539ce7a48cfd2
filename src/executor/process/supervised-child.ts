import type { FidiusError } from '../../errors/fidius-error.ts';
import { longestTimerMs } from '../../errors/options.ts';
import { clearInterval, clearTimeout, now, setInterval, setTimeout } from '../../node/timers.ts';
import type { CloseOptions, ExecutorPlugin, ExecutorStats, LoadOptions, LoadRequest } from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import type { OutputEvent } from '../output.ts';
import type { CallGuard } from '../server/server-call.ts';
import { ServerExecutor } from '../server/server-executor.ts';
import type { ChildPython } from './child-python.ts';
import { readUsage } from './child-usage.ts';
import { loadFailed, notRestarted } from './process-errors.ts';
import { notifyOf, processChannel } from './process-events.ts';
import type { ProcessSettings } from './process-options.ts';
import type { ProcessStats } from './process-stats.ts';
import { ChildTransport } from './spawn-child.ts';
import { Supervisor } from './supervisor.ts';

/** A plugin that a child runs, over all restarts of the child. */
export interface Member {
  readonly request: LoadRequest;
  readonly options: LoadOptions;
  /** Calls of the plugin that must not be sent. */
  readonly guard: CallGuard;
  /**
   * The child has loaded the plugin.
   *
   * @param drained is fulfilled when the calls of the plugin that it replaces have ended, if it replaces one.
   */
  attached(plugin: ExecutorPlugin, drained?: Promise<void>): void;
  /** The child has ended; it may be started again. */
  detached(): void;
  /** The child is not started again. */
  failed(error: FidiusError): void;
}

/** One process: from its start to its end. */
interface Run {
  readonly server: ServerExecutor;
  readonly startedAt: number;
  /** Created together with the connection, by the first load. */
  transport: ChildTransport | undefined;
}

/** How often the use of a process is looked at, in milliseconds. */
const watchMs = 500;
/** How long closing waits for the calls of a process that was replaced, in milliseconds. */
const drainMs = 10_000;

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
  /** The running process. */
  #run: Run | undefined;
  /** The process that ran last, for figures. */
  #lastRun: Run | undefined;
  /** Processes that were replaced, and finish their calls. */
  readonly #draining = new Map<Run, Promise<void>>();
  /** The replacement that is being started. */
  #recycling: Promise<void> | undefined;
  #calls = 0;
  #recycleTimer: NodeJS.Timeout | undefined;
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
    await this.#recycling;
    if (this.#restartTimer !== undefined) this.#restart();
    const run = this.#run ?? this.#start();
    let plugin: ExecutorPlugin;
    try {
      plugin = await run.server.load(member.request, member.options, member.guard);
    } catch (error) {
      throw loadFailed(member.request.plugin, run.transport, error);
    }
    this.#members.add(member);
    if (this.#run === run) this.#becomeReady();
    return plugin;
  }

  /** A plugin is closed: it is not loaded again. */
  remove(member: Member): void {
    this.#members.delete(member);
    if (!this.isUnused) return;
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
  }

  /** A call is made. */
  called(): void {
    const { recycle } = this.settings;
    if (recycle?.calls === undefined) return;
    this.#calls += 1;
    if (this.#calls >= recycle.calls) this.#recycle();
  }

  /** Keeps the event loop alive until the restart that is due, because calls wait for it. */
  awaitRestart(): void {
    this.#restartTimer?.ref();
  }

  stats(): ProcessStats {
    const { state, restarts, crashes, recycles } = this.#supervisor;
    const pid = this.#lastRun?.transport?.pid;
    return { state, pid, restarts, crashes, recycles, ...(pid === undefined ? {} : readUsage(pid)) };
  }

  serverStats(): ExecutorStats | undefined {
    return this.#run?.server.stats();
  }

  /** Ends the process. Its plugins are closed first. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  #start(): Run {
    const run = this.#createRun();
    this.#run = run;
    this.#lastRun = run;
    this.#publish();
    return run;
  }

  /** A new process, which is started by the first load. */
  #createRun(): Run {
    const { umask, limits } = this.settings;
    const run: Run = {
      startedAt: now(),
      transport: undefined,
      server: new ServerExecutor({
        ...this.#options,
        onOutput: this.#options.onOutput && ((event) => this.#onOutput(run, event)),
        name: 'process',
        processSettings: { umask: umask ?? null, limits: definedLimits(limits) },
        connect: (receiver) => {
          const { python, settings } = this;
          const plan = { executable: python.executable, settings, onOutput: this.#pluginOutput };
          run.transport = new ChildTransport(plan, receiver);
          return run.transport;
        },
        onEnd: (failure) => void this.#onEnd(run, failure),
      }),
    };
    return run;
  }

  /** Output that Python sends itself. */
  #onOutput({ transport }: Run, event: OutputEvent): void {
    if (event.stream === 'stderr') transport?.keep(event.text);
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

  #becomeReady(): void {
    if (this.#supervisor.state === 'ready') return;
    this.#supervisor.ready();
    this.#calls = 0;
    this.#watchUse();
    this.#publish();
  }

  /** The connection to a process has ended. */
  async #onEnd(run: Run, failure: FidiusError): Promise<void> {
    if (this.#run !== run) return;
    this.#run = undefined;
    clearInterval(this.#recycleTimer);
    const transport = run.transport as ChildTransport;
    if (this.#closing !== undefined) return;
    // Usually it has ended already. What it could still do has no effect without its connection.
    const killer = setTimeout(() => transport.terminate('SIGKILL'), this.settings.killAfterMs).unref();
    for (const member of this.#members) member.detached();
    await transport.exited;
    clearTimeout(killer);
    if (this.#closing === undefined && this.#run === undefined && !this.isUnused) this.#planRestart(failure);
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
    const run = this.#start();
    try {
      await Promise.all([...this.#members].map((member) => this.#reattach(run, member)));
      if (this.#run !== run) return;
      this.#becomeReady();
      notifyOf(this.#options.onNotice, 'restarted', this.#names());
    } catch (error) {
      // If the process has ended, #onEnd has been called, too.
      if (this.#run !== run) return;
      this.#run = undefined;
      void run.server.close({ mode: 'abort' });
      if (this.#closing === undefined && !this.isUnused) this.#planRestart(error as FidiusError);
    }
  }

  async #reattach({ server }: Run, member: Member): Promise<void> {
    const plugin = await server.load(member.request, reloadOptions(member), member.guard);
    if (this.#members.has(member)) member.attached(plugin);
    else await plugin.close();
  }

  /** Watches memory and age of the process. */
  #watchUse(): void {
    const { memoryBytes = Number.POSITIVE_INFINITY, ageMs = Number.POSITIVE_INFINITY } = this.settings.recycle ?? {};
    if (memoryBytes === Number.POSITIVE_INFINITY && ageMs === Number.POSITIVE_INFINITY) return;
    clearInterval(this.#recycleTimer);
    this.#recycleTimer = setInterval(() => {
      const run = this.#run;
      const pid = run?.transport?.pid;
      if (run === undefined || pid === undefined) return;
      const used = readUsage(pid).memoryBytes ?? 0;
      if (used > memoryBytes || now() - run.startedAt > ageMs) this.#recycle();
    }, watchMs).unref();
  }

  #recycle(): void {
    if (this.#supervisor.state !== 'ready' || this.#closing !== undefined) return;
    this.#recycling ??= this.#replace().finally(() => {
      this.#recycling = undefined;
    });
  }

  /** Replaces the process by a new one, which is ready before the old one is closed. */
  async #replace(): Promise<void> {
    const old = this.#run as Run;
    const members = [...this.#members];
    const run = this.#createRun();
    this.#calls = 0;
    try {
      const loads = members.map((member) => run.server.load(member.request, reloadOptions(member), member.guard));
      const plugins = await Promise.all(loads);
      if (this.#run !== old || this.#closing !== undefined) {
        await run.server.close({ mode: 'abort' });
        return;
      }
      this.#run = run;
      this.#lastRun = run;
      const drained = this.#drain(old);
      plugins.forEach((plugin, index) => {
        const member = members[index] as Member;
        if (this.#members.has(member)) member.attached(plugin, drained);
      });
      this.#supervisor.recycled();
      this.#publish();
    } catch {
      // The old process works on. The next call, or the next look at its use, tries again.
      await run.server.close({ mode: 'abort' });
    }
  }

  /** Closes a process that was replaced, when its calls have ended. Never rejects. */
  #drain(run: Run): Promise<void> {
    const drained = (async () => {
      await run.server.close({ mode: 'drain', timeoutMs: Number.POSITIVE_INFINITY });
      if (run.transport !== undefined) await this.#end(run.transport);
      this.#draining.delete(run);
    })();
    this.#draining.set(run, drained);
    return drained;
  }

  #fail(cause: FidiusError): void {
    const names = this.#names();
    this.#failure = notRestarted(names, this.#supervisor.crashes, cause);
    notifyOf(this.#options.onNotice, 'failed', names, cause);
    for (const member of this.#members) member.failed(this.#failure);
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    this.#supervisor.draining();
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    clearInterval(this.#recycleTimer);
    await this.#recycling;
    const run = this.#run;
    if (run?.transport?.pid !== undefined) this.#publish();
    await Promise.all([...this.#draining].map(([each, drained]) => this.#hasten(each, drained, options)));
    await run?.server.close(options);
    const transport = this.#lastRun?.transport;
    if (transport !== undefined) await this.#end(transport, options);
    this.#run = undefined;
    if (this.#failure !== undefined) return;
    this.#supervisor.closed();
    this.#publish();
  }

  /** Waits for the calls of a process that was replaced, as the options of closing say. */
  async #hasten(
    run: Run,
    drained: Promise<void>,
    { mode = 'drain', timeoutMs = drainMs }: CloseOptions = {},
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mode === 'abort' ? 0 : Math.min(timeoutMs, longestTimerMs));
    });
    await Promise.race([drained, timedOut]);
    clearTimeout(timer);
    if (this.#draining.has(run)) run.transport?.terminate('SIGTERM');
    if (run.transport !== undefined) await this.#end(run.transport, { mode: 'abort' });
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
    const pid = this.#lastRun?.transport?.facts.process;
    const { executable } = this.python;
    processChannel.publish({ state, pid, executable, plugins: this.#names(), restarts, ...more });
  }
}

/** A further load has the whole time limit of the first one, of which the search for the package had used a part. */
function reloadOptions({ request, options }: Member): LoadOptions {
  return { ...options, signal: undefined, loadTimeoutMs: request.totalTimeoutMs ?? options.loadTimeoutMs };
}

function definedLimits(limits: ProcessSettings['limits']): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >;
}
