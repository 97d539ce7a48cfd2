import { Worker } from 'node:worker_threads';
import { Interruption } from './command-io.ts';

/** How long interrupted work may take to clean up. */
const cleanUpMs = 750;
/** When the process is killed although the JavaScript thread did not answer. */
const killMs = 950;

/**
 * Receives the same signals on a thread of its own, and ends the process if it still exists some time after one: by the same
 * signal if the main thread has removed its handlers, otherwise by SIGKILL. A second signal does not wait.
 *
 * Node passes signals to the main thread only. Its internal class for signals works on every thread; the flag of the worker
 * gives access to it. Where it does not, the worker fails, and the signals keep their default action.
 */
const watchdogSource = `
const { internalBinding } = require('internal/test/binding');
const { Signal } = internalBinding('signal_wrap');
const { parentPort } = require('node:worker_threads');
for (const number of [2, 15]) {
  const signal = new Signal();
  let isSecond = false;
  const end = () => {
    signal.stop();
    process.kill(process.pid, number);
  };
  signal.onsignal = () => {
    setTimeout(end, isSecond ? 0 : ${cleanUpMs});
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${killMs});
    isSecond = true;
  };
  if (signal.start(number) !== 0) throw new Error('cannot watch signal ' + number);
}
parentPort.postMessage('ready');
parentPort.on('message', () => {});
`;

/**
 * Runs work during which Ctrl-C and SIGTERM abort a signal, so that the work can remove its incomplete files. The process ends
 * within a second also if the work does not end, or keeps the JavaScript thread busy.
 *
 * Handlers of JavaScript replace the default action, which ends the process in every state. They are therefore installed when
 * the watchdog is ready, and the work begins afterwards. Without a watchdog the default action applies, and the next process
 * removes what is left (see `Staging`).
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const signals = new SignalHandlers((name) => controller.abort(new Interruption(name)));
  try {
    await signals.ready;
    return await work(signal);
  } catch (error) {
    // The work may describe the abort in its own words.
    throw signal.aborted ? signal.reason : error;
  } finally {
    signals.stop();
  }
}

class SignalHandlers {
  /** Resolved when the handlers are installed, or cannot be. Meanwhile, nothing but the watchdog keeps the process alive. */
  readonly ready: Promise<void>;
  readonly #onSignal: (name: 'SIGINT' | 'SIGTERM') => void;
  #watchdog: Worker | undefined;
  #isSignaled = false;

  constructor(onSignal: (name: 'SIGINT' | 'SIGTERM') => void) {
    this.#onSignal = onSignal;
    try {
      const options = {
        eval: true,
        execArgv: ['--expose-internals', '--no-warnings'],
        stdout: true,
        stderr: true,
        env: {},
      };
      this.#watchdog = new Worker(watchdogSource, options);
    } catch {
      // A process with --permission may be unable to start threads.
      this.ready = Promise.resolve();
      return;
    }
    const watchdog = this.#watchdog;
    this.ready = new Promise((resolve) => {
      watchdog.once('message', () => this.#install()).once('error', () => this.#uninstall());
      for (const event of ['message', 'error', 'exit']) watchdog.once(event, resolve);
    });
    void this.ready.then(() => watchdog.unref());
  }

  /** Ends the watchdog, unless a signal came: then it also watches the end of the process. */
  stop(): void {
    if (this.#isSignaled) return;
    this.#uninstall();
    void this.#watchdog?.terminate();
    this.#watchdog = undefined;
  }

  #install(): void {
    if (this.#watchdog !== undefined) process.on('SIGINT', this.#handle).on('SIGTERM', this.#handle);
  }

  #uninstall(): void {
    process.off('SIGINT', this.#handle).off('SIGTERM', this.#handle);
  }

  readonly #handle = (name: NodeJS.Signals): void => {
    const kind = name === 'SIGTERM' ? name : 'SIGINT';
    // The watchdog ends the process if the work does not.
    this.#uninstall();
    this.#isSignaled = true;
    this.#onSignal(kind);
  };
}
