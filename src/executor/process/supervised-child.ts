import { FidiusError } from '../../errors/fidius-error.ts';
import { clearTimeout, now, setTimeout } from '../../node/timers.ts';
import type { CloseOptions, ExecutorPlugin, ExecutorStats } from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import type { ChildPython } from './child-python.ts';
import { type ChildLoad, ChildRun } from './child-run.ts';
import { readUsage } from './child-usage.ts';
import { notRestarted } from './process-errors.ts';
import { notifyOf, processChannel } from './process-events.ts';
import type { ProcessSettings } from './process-options.ts';
import type { ProcessStats } from './process-stats.ts';
import { SpareRun } from './spare-run.ts';
import type { ChildTransport } from './spawn-child.ts';
import { Supervisor } from './supervisor.ts';
import { UseWatch } from './use-watch.ts';

/** A plugin that a child runs, over all restarts of the child. */
export interface Member extends ChildLoad {
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

/** How long closing waits for the calls of a process that was replaced, in milliseconds. */
const drainMs = 10_000;

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
  #run: ChildRun | undefined;
  /** The process that ran last, for figures. */
  #lastRun: ChildRun | undefined;
  /** Processes that were replaced, and finish their calls. */
  readonly #draining = new Map<ChildRun, Promise<void>>();
  /** The replacement that is being started. */
  #replacing: Promise<void> | undefined;
  readonly #spare = new SpareRun<Member>(() => this.#createRun());
  readonly #use: UseWatch;
  #restartTimer: NodeJS.Timeout | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  /** Loads into the running process, up to the state that follows from them. */
  readonly #loads = new Set<Promise<unknown>>();
  /** Number of plugins whose calls wait for a process. */
  #waiters = 0;
  #failure: FidiusError | undefined;
  #closing: Promise<void> | undefined;

  constructor(python: ChildPython, settings: ProcessSettings, options: ExecutorOptions) {
    this.python = python;
    this.settings = settings;
    this.#options = options;
    this.#supervisor = new Supervisor(settings.restart, now);
    this.#use = new UseWatch(settings.recycle ?? {}, {
      idle: (run) => this.#endIdle(run),
      exhausted: () => this.#recycle(),
    });
  }

  /** Whether it runs no plugin. */
  get isUnused(): boolean {
    return this.#members.size === 0;
  }

  /** Whether calls are refused now, because the process has ended by itself. */
  get refusesCalls(): boolean {
    return this.settings.refusesWhileRestarting && this.#supervisor.isRecovering;
  }

  /** Loads a plugin into the process, which is started if it does not run. */
  load(member: Member): Promise<ExecutorPlugin> {
    return this.#track(this.#load(member));
  }

  async #load(member: Member): Promise<ExecutorPlugin> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#replacing;
    if (this.#restartTimer !== undefined || this.#supervisor.state === 'idle') this.#restart();
    const run = this.#run ?? this.#start();
    const plugin = await run.load(member);
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
    this.#use.called();
  }

  /**
   * Calls of a plugin wait for a process: starts the one that was ended because it was idle, and keeps the event loop alive until
   * the restart that is due.
   *
   * @returns is called once when none of them waits any more.
   */
  awaitProcess(): () => void {
    this.#waiters += 1;
    this.#restartTimer?.ref();
    if (this.#supervisor.state === 'idle') this.#restart();
    return () => {
      this.#waiters -= 1;
      if (this.#waiters === 0) this.#restartTimer?.unref();
    };
  }

  /**
   * Loads the plugins into a new process, which takes the place of the old one when it is ready. The old one finishes its calls.
   * If a plugin cannot be loaded, the old one works on.
   *
   * @throws what loading throws.
   */
  async renew(): Promise<void> {
    await this.#replacing?.catch(() => {});
    if (this.#closing !== undefined) throw new FidiusError('FIDIUS_HOST_CLOSED', 'The process is closed');
    if (this.#supervisor.state === 'ready') return this.#replaceOnce();
    if (this.#supervisor.state === 'starting' && this.#loads.size > 0) {
      // It may have read the old code already.
      await Promise.allSettled(this.#loads);
      return this.renew();
    }
    // Not running: this is not one of the attempts after a crash.
    this.#failure = undefined;
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    if (this.#supervisor.state === 'idle') this.#supervisor.waking();
    else this.#supervisor.reset();
    return this.#reload();
  }

  stats(): ProcessStats {
    const { state, restarts, crashes, recycles } = this.#supervisor;
    const pid = this.#lastRun?.transport?.pid;
    const hasSpare = this.#spare.isReady;
    return { state, pid, restarts, crashes, recycles, hasSpare, ...(pid === undefined ? {} : readUsage(pid)) };
  }

  serverStats(): ExecutorStats | undefined {
    return this.#run?.server.stats();
  }

  /** Ends the process. Its plugins are closed first. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  #start(): ChildRun {
    const run = this.#createRun();
    this.#run = run;
    this.#lastRun = run;
    this.#publish();
    return run;
  }

  /** A new process, which is started by the first load. */
  #createRun(): ChildRun {
    return new ChildRun({
      python: this.python,
      settings: this.settings,
      options: this.#options,
      names: () => this.#names(),
      ended: (run, failure) => {
        if (!this.#spare.ended(run)) void this.#onEnd(run, failure);
      },
    });
  }

  #becomeReady(): void {
    this.#prepareSpare();
    if (this.#supervisor.state === 'ready') return;
    this.#supervisor.ready();
    this.#use.start(this.#run as ChildRun);
    this.#publish();
  }

  /** With the plugins of now: one may have been added. */
  #prepareSpare(): void {
    if (this.settings.spare && this.#closing === undefined) void this.#spare.prepare([...this.#members]);
  }

  /** The connection to a process has ended. */
  async #onEnd(run: ChildRun, failure: FidiusError): Promise<void> {
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#use.stop();
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
    for (const member of this.#members) member.detached();
    if (this.#startSpare(delay)) return;
    this.#restartTimer = setTimeout(() => this.#restart(), delay);
    if (this.#waiters === 0) this.#restartTimer.unref();
  }

  /**
   * Lets the spare process take the place of the one that has ended.
   *
   * @param delay milliseconds until the next spare is started: a process that crashes at once must not be started in a loop.
   */
  #startSpare(delay: number): boolean {
    const spare = this.#spare.take();
    if (spare === undefined) return false;
    this.#supervisor.restarting();
    this.#adopt(spare.run, spare.plugins);
    this.#supervisor.ready();
    this.#use.start(spare.run);
    this.#publish();
    notifyOf(this.#options.onNotice, 'restarted', this.#names());
    clearTimeout(this.#spareTimer);
    this.#spareTimer = setTimeout(() => this.#prepareSpare(), delay).unref();
    return true;
  }

  #restart(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    if (this.#supervisor.state === 'idle') this.#supervisor.waking();
    else this.#supervisor.restarting();
    // Its failure is reported to the calls that wait.
    this.#reload().catch(() => {});
  }

  /** Starts a new process, and loads all plugins into it. @throws what loading throws; a restart is planned by then. */
  #reload(): Promise<void> {
    return this.#track(this.#loadAll());
  }

  async #loadAll(): Promise<void> {
    const run = this.#start();
    try {
      await Promise.all([...this.#members].map((member) => this.#reattach(run, member)));
    } catch (error) {
      // If the process has ended, #onEnd has been called, too.
      if (this.#run === run) {
        this.#run = undefined;
        void run.server.close({ mode: 'abort' });
        if (this.#closing === undefined && !this.isUnused) this.#planRestart(error as FidiusError);
      }
      throw error;
    }
    if (this.#run !== run) return;
    this.#becomeReady();
    notifyOf(this.#options.onNotice, 'restarted', this.#names());
  }

  async #reattach(run: ChildRun, member: Member): Promise<void> {
    const plugin = await run.loadAgain(member);
    if (this.#members.has(member)) member.attached(plugin);
    else await plugin.close();
  }

  async #track<T>(load: Promise<T>): Promise<T> {
    this.#loads.add(load);
    try {
      return await load;
    } finally {
      this.#loads.delete(load);
    }
  }

  /** Ends a process that has no calls. The next call starts another one. */
  #endIdle(run: ChildRun): void {
    if (this.#supervisor.state !== 'ready' || this.#replacing !== undefined || this.#closing !== undefined) return;
    this.#run = undefined;
    this.#use.stop();
    this.#supervisor.idle();
    for (const member of this.#members) member.detached();
    void this.#drain(run);
    void this.#spare.drop();
    this.#publish();
  }

  #recycle(): void {
    if (this.#supervisor.state !== 'ready' || this.#closing !== undefined || this.#replacing !== undefined) return;
    // The old process works on. The next call, or the next look at its use, tries again.
    this.#replaceOnce().catch(() => {});
  }

  #replaceOnce(): Promise<void> {
    this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  /** Replaces the process by a new one, which is ready before the old one is closed. @throws what loading throws. */
  async #replace(): Promise<void> {
    const old = this.#run as ChildRun;
    const run = this.#createRun();
    try {
      const loads = [...this.#members].map(async (member) => [member, await run.loadAgain(member)] as const);
      const plugins = new Map(await Promise.all(loads));
      if (this.#run !== old || this.#closing !== undefined) {
        await run.server.close({ mode: 'abort' });
        return;
      }
      this.#adopt(run, plugins, this.#drain(old));
      this.#use.start(run);
      this.#supervisor.recycled();
      this.#publish();
      this.#prepareSpare();
    } catch (error) {
      await run.server.close({ mode: 'abort' });
      throw error;
    }
  }

  /** Gives all plugins to a process that has loaded them. */
  #adopt(run: ChildRun, plugins: ReadonlyMap<Member, ExecutorPlugin>, drained?: Promise<void>): void {
    this.#run = run;
    this.#lastRun = run;
    for (const [member, plugin] of plugins) {
      if (this.#members.has(member)) member.attached(plugin, drained);
      else void plugin.close();
    }
  }

  /** Closes a process that was replaced, when its calls have ended. Never rejects. */
  #drain(run: ChildRun): Promise<void> {
    const drained = (async () => {
      await run.server.close({ mode: 'drain', timeoutMs: Number.POSITIVE_INFINITY });
      await run.end();
      this.#draining.delete(run);
    })();
    this.#draining.set(run, drained);
    return drained;
  }

  #fail(cause: FidiusError): void {
    const names = this.#names();
    this.#failure = notRestarted(names, this.#supervisor.crashes, cause);
    void this.#spare.drop();
    notifyOf(this.#options.onNotice, 'failed', names, cause);
    for (const member of this.#members) member.failed(this.#failure);
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    this.#supervisor.draining();
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    clearTimeout(this.#spareTimer);
    this.#use.stop();
    await this.#replacing?.catch(() => {});
    const run = this.#run;
    if (run?.transport?.pid !== undefined) this.#publish();
    const spareEnded = this.#spare.drop();
    await Promise.all([...this.#draining].map(([each, drained]) => this.#hasten(each, drained, options)));
    await run?.server.close(options);
    await this.#lastRun?.end(options);
    await spareEnded;
    this.#run = undefined;
    if (this.#failure !== undefined) return;
    this.#supervisor.closed();
    this.#publish();
  }

  /** Waits for the calls of a process that was replaced, as the options of closing say. */
  async #hasten(
    run: ChildRun,
    drained: Promise<void>,
    { mode = 'drain', timeoutMs = drainMs }: CloseOptions = {},
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mode === 'abort' ? 0 : timeoutMs);
    });
    await Promise.race([drained, timedOut]);
    clearTimeout(timer);
    if (this.#draining.has(run)) run.transport?.terminate('SIGTERM');
    await run.end({ mode: 'abort' });
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
