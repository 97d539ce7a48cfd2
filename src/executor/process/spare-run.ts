import type { ExecutorPlugin } from '../executor.ts';
import type { ChildLoad, ChildRun } from './child-run.ts';

/** A process that has loaded all plugins and waits to take the place of the running one. */
export interface ReadySpare<Load extends ChildLoad> {
  readonly run: ChildRun;
  readonly plugins: ReadonlyMap<Load, ExecutorPlugin>;
}

/** Keeps one process ready to take the place of another. */
export class SpareRun<Load extends ChildLoad> {
  readonly #create: () => ChildRun;
  /** The process that is being prepared, or is ready. */
  #run: ChildRun | undefined;
  #ready: ReadySpare<Load> | undefined;
  #preparing: Promise<void> = Promise.resolve();
  /** Counts what was asked for: only the last of several preparations starts a process, and none after `drop()`. */
  #requests = 0;

  constructor(create: () => ChildRun) {
    this.#create = create;
  }

  /** Whether a process is ready. */
  get isReady(): boolean {
    return this.#ready !== undefined;
  }

  /** Starts a process and loads the plugins into it, in place of the one that was prepared before. Never rejects. */
  async prepare(loads: readonly Load[]): Promise<void> {
    const dropped = this.drop();
    const request = this.#requests;
    await dropped;
    if (request !== this.#requests) return;
    const run = this.#create();
    this.#run = run;
    this.#preparing = this.#load(run, loads);
    await this.#preparing;
  }

  /** @returns the process, which is no longer a spare; `undefined` if none is ready. */
  take(): ReadySpare<Load> | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined) this.#run = undefined;
    return ready;
  }

  /** The connection to a process has ended. @returns whether it was this one. */
  ended(run: ChildRun): boolean {
    if (this.#run !== run) return false;
    void this.drop();
    return true;
  }

  /** Ends the process, and the preparation of one. Never rejects. */
  async drop(): Promise<void> {
    this.#requests += 1;
    const run = this.#run;
    this.#run = undefined;
    this.#ready = undefined;
    if (run === undefined) return;
    await run.server.close({ mode: 'abort' });
    await run.end({ mode: 'abort' });
    await this.#preparing;
  }

  async #load(run: ChildRun, loads: readonly Load[]): Promise<void> {
    try {
      const plugins = await Promise.all(loads.map(async (load) => [load, await run.loadAgain(load)] as const));
      if (this.#run === run) this.#ready = { run, plugins: new Map(plugins) };
    } catch {
      // The plugins cannot be loaded now. The next start of a process tells why.
      if (this.#run === run) void this.drop();
    }
  }
}
