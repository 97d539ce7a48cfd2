import { EventEmitter } from 'node:events';

/** A job as a processor and the listeners receive it. */
export interface Job<Data> {
  readonly id: string;
  readonly name: string;
  readonly data: Data;
  readonly attemptsMade: number;
}

export type Processor<Data, Result> = (job: Job<Data>, token?: string, signal?: AbortSignal) => Promise<Result>;

interface Events<Data, Result> {
  completed: [job: Job<Data>, result: Result];
  failed: [job: Job<Data>, error: Error];
  drained: [];
}

interface Waiting<Data> extends Job<Data> {
  attemptsMade: number;
  readonly attempts: number;
}

/**
 * A queue in memory whose `Queue` and `Worker` look like those of BullMQ, so that the example runs without Redis. Its
 * jobs are lost with the process, which is why a program uses BullMQ.
 */
export class Queue<Data> {
  readonly waiting: Waiting<Data>[] = [];
  readonly changed = new EventEmitter();
  #ids = 0;

  async add(name: string, data: Data, { attempts = 1 }: { readonly attempts?: number } = {}): Promise<Job<Data>> {
    this.#ids += 1;
    // As in a store: later changes of the object are not part of the job.
    const job = { id: String(this.#ids), name, data: structuredClone(data), attempts, attemptsMade: 0 };
    this.waiting.push(job);
    this.changed.emit('job');
    return job;
  }
}

export class Worker<Data, Result> extends EventEmitter<Events<Data, Result>> {
  readonly #queue: Queue<Data>;
  readonly #processor: Processor<Data, Result>;
  readonly #concurrency: number;
  readonly #active = new Map<string, AbortController>();
  #closing = false;

  constructor(
    queue: Queue<Data>,
    processor: Processor<Data, Result>,
    { concurrency = 1 }: { readonly concurrency?: number } = {},
  ) {
    super();
    this.#queue = queue;
    this.#processor = processor;
    this.#concurrency = concurrency;
    queue.changed.on('job', this.#startJobs);
    this.#startJobs();
  }

  /** Aborts a job that is being processed. */
  cancelJob(id: string, reason?: string): boolean {
    const controller = this.#active.get(id);
    controller?.abort(new Error(reason));
    return controller !== undefined;
  }

  /** Starts no more jobs, and waits for those that are being processed. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#queue.changed.off('job', this.#startJobs);
    if (this.#active.size > 0) await new Promise<void>((resolve) => this.once('drained', resolve));
  }

  readonly #startJobs = (): void => {
    while (!this.#closing && this.#active.size < this.#concurrency) {
      const job = this.#queue.waiting.shift();
      if (job === undefined) return;
      void this.#run(job);
    }
  };

  async #run(job: Waiting<Data>): Promise<void> {
    const controller = new AbortController();
    this.#active.set(job.id, controller);
    try {
      const result = await this.#processor(job, undefined, controller.signal);
      this.emit('completed', job, result);
    } catch (error) {
      job.attemptsMade += 1;
      const isLast = job.attemptsMade >= job.attempts || (error as Error).name === 'UnrecoverableError';
      if (!isLast) this.#queue.waiting.push(job);
      this.emit('failed', job, error as Error);
    }
    this.#active.delete(job.id);
    this.#startJobs();
    if (this.#active.size === 0) this.emit('drained');
  }
}
