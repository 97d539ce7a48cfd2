import { isMainThread } from 'node:worker_threads';
import { messageOf } from '../../errors/is-error.ts';
import type { Libc } from '../../ffi/libc.ts';
import { PosixTimer } from '../../ffi/posix-timer.ts';
import { mainRealm } from '../../node/main-realm.ts';
import type { Interpreter } from '../interpreter.ts';

const { process } = mainRealm;

/** How long the end of a process may wait for Python, in milliseconds. */
const exitTimeoutMs = 1000;

/** How long of that calls may take to stop: plugin code may be cleaning up. Those that do not are left behind. */
const stopServersSeconds = 0.4;

interface Beginning {
  /** Whether it was this thread that initialized Python, and not one that joined it later. */
  readonly initialized: boolean;
}

/**
 * Ends Python with the JavaScript thread that uses it.
 *
 * On the main thread the interpreter is finalized, so that `atexit` runs and files are flushed, unless a thread is alive
 * that finalization would wait for: then what can be saved is saved, the thread is named on stderr, and the process is
 * left at once. A worker thread only gives back its thread state: finalizing from anywhere but the main thread is not
 * safe while the main thread lives. The state that initialization made is not given back, whatever thread has it: it is
 * part of the interpreter. CPython 3.11 and 3.12 end the process when a state is made after it was deleted, and 3.13 keeps
 * a pointer to it until finalization.
 *
 * The exit code stays Node's in every case. Signals without a JavaScript handler end a process before this can run.
 */
export function stopAtExit(interpreter: Interpreter, libc: Libc, { initialized }: Beginning): void {
  const listener = (code: number) => {
    if (!isMainThread) endThread(interpreter, initialized);
    else if (finalize(interpreter, libc, code) === 'exitNow') {
      runListenersAfter(listener, code);
      exitNow(libc, exitCode(code));
    }
  };
  process.on('exit', listener);
}

/** Ends the use of Python on a worker thread: what was printed there does not wait for the end of the process. */
function endThread(interpreter: Interpreter, initialized: boolean): void {
  for (const server of interpreter.servers) server.drain();
  interpreter.invoke('shutdown.flush');
  if (initialized) interpreter.gil.retire();
  else giveBackState(interpreter);
}

/** Deletes the thread state of this thread, which can use Python no more. */
export function giveBackState({ api, gil }: Interpreter): void {
  gil.enter();
  api.PyThreadState_Clear(api.PyThreadState_Get());
  api.PyThreadState_DeleteCurrent();
  gil.abandon();
}

/** @returns whether the process can end as usual, or must be left at once because threads are running in Python. */
function finalize(interpreter: Interpreter, libc: Libc, code: number): 'end' | 'exitNow' {
  // Armed before the GIL is taken: its holder may never release it.
  const disarm = armExitWatchdog(libc, code, exitTimeoutMs);
  interpreter.gil.enter();
  const waiting = blockingThreads(interpreter);
  if (waiting.length === 0) {
    interpreter.api.Py_FinalizeEx();
    interpreter.gil.abandon();
    disarm();
    return 'end';
  }
  process.stderr.write(
    `fidius: ${waiting.length === 1 ? 'a Python thread is' : `${waiting.length} Python threads are`} still running at exit and will be ended: ${waiting.join(', ')}\n` +
      '  hint: Make it a daemon thread, or join it in an atexit function.\n',
  );
  disarm();
  return 'exitNow';
}

/** The threads that would block finalization; if there are any, runs now what finalization would have run for plugins. */
function blockingThreads(interpreter: Interpreter): readonly string[] {
  try {
    stopServers(interpreter);
    interpreter.invoke('shutdown.forget_main_thread');
    const waiting = interpreter.invoke('shutdown.blocking_threads') as string[];
    if (waiting.length > 0) interpreter.invoke('shutdown.run_exit_functions');
    return waiting;
  } catch (error) {
    return [`unknown (${messageOf(error)})`];
  }
}

/** Ends the threads of call servers, and sees to it that what plugins printed reaches its listeners. */
function stopServers(interpreter: Interpreter): void {
  const { servers } = interpreter;
  // First, because a server waits while its socket is full; and again, because calls may print when they are stopped.
  for (const server of servers) server.drain();
  const rest = new Map(interpreter.invoke('shutdown.stop_servers', stopServersSeconds) as [number, unknown][]);
  for (const server of servers) {
    server.drain();
    const lines = rest.get(server.number);
    if (lines !== undefined) server.takeLines(lines);
  }
}

/** The listeners that come after ours: this function does not go back to them. */
function runListenersAfter(ours: (code: number) => void, code: number): void {
  const listeners = process.listeners('exit');
  for (const listener of listeners.slice(listeners.indexOf(ours) + 1)) listener(code);
}

function exitCode(code: number): number {
  return typeof process.exitCode === 'number' ? process.exitCode : code;
}

/** Ends the process and runs nothing more: no exit handlers, no destructors under running threads. */
function exitNow(libc: Libc, code: number): never {
  libc.bind('_exit')(code);
  throw new Error('_exit returned');
}

/**
 * Ends the process with `exitCode` after `delayMs`, even if this thread is blocked.
 *
 * The end of a process takes the GIL once more, and a plugin may hold it in C code permanently. No JavaScript runs while
 * this thread waits, so a timer of the operating system calls `_exit`.
 *
 * @returns a function that disarms it. On Windows nothing is armed, on macOS it cannot be disarmed.
 */
function armExitWatchdog(libc: Libc, exitCode: number, delayMs: number): () => void {
  if (process.platform === 'darwin') armDispatch(libc, exitCode, delayMs);
  if (process.platform !== 'linux') return () => {};
  const timer = PosixTimer.create(libc, { call: libc.address('_exit'), argument: exitCode });
  timer?.set(delayMs);
  return () => timer?.delete();
}

/** macOS has no POSIX timers, but dispatch queues. */
function armDispatch(libc: Libc, exitCode: number, delayMs: number): void {
  const time = libc.bind('dispatch_time')(0, Math.round(delayMs * 1e6));
  const queue = libc.bind('dispatch_get_global_queue')(0, 0);
  libc.bind('dispatch_after_f')(time, queue, exitCode, libc.address('_exit'));
}
