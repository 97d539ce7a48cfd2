import { isMainThread } from 'node:worker_threads';
import { armDeadman } from './deadman.ts';
import type { Library } from './ffi.ts';
import type { Interpreter } from './interpreter.ts';
import { leave } from './leave.ts';

/** How long the end of a process may wait for Python, in milliseconds. */
const patienceMs = 1500;

/**
 * Ends Python with the JavaScript thread that uses it.
 *
 * On the main thread the interpreter is finalized, so that `atexit` runs and files are flushed, unless a thread is alive
 * that finalization would wait for: then what can be saved is saved, the thread is named on stderr, and the process is
 * left at once. A worker thread only gives back its thread state: finalizing from anywhere but the main thread is not
 * safe while the main thread lives.
 *
 * The exit code stays Node's in every case. Signals without a JavaScript handler end a process before this can run.
 */
export function stopAtExit(interpreter: Interpreter, libc: Library): void {
  process.once('exit', (code) => {
    if (!isMainThread) giveBackState(interpreter);
    else finalize(interpreter, libc, code);
  });
}

function giveBackState({ api, gil }: Interpreter): void {
  gil.enter();
  api.PyThreadState_Clear(api.PyThreadState_Get());
  api.PyThreadState_DeleteCurrent();
  gil.abandon();
}

function finalize(interpreter: Interpreter, libc: Library, code: number): void {
  // Armed before the lock is taken: whoever holds it may never give it back.
  const disarm = armDeadman(libc, code, patienceMs);
  interpreter.gil.enter();
  const waiting = blockingThreads(interpreter);
  if (waiting.length === 0) {
    interpreter.api.Py_FinalizeEx();
    interpreter.gil.abandon();
    disarm();
    return;
  }
  process.stderr.write(
    `fidius: ${waiting.length === 1 ? 'a Python thread is' : `${waiting.length} Python threads are`} still running at exit and will be ended: ${waiting.join(', ')}\n` +
      '  hint: Make it a daemon thread, or join it in an atexit function.\n',
  );
  disarm();
  runLaterListeners(code);
  leave(libc, exitCode(code));
}

/** Asks who would block finalization; if somebody would, does at once what finalization would have done for plugins. */
function blockingThreads(interpreter: Interpreter): readonly string[] {
  try {
    const waiting = interpreter.invoke('shutdown.blocking_threads') as string[];
    if (waiting.length > 0) interpreter.invoke('shutdown.run_exit_functions');
    return waiting;
  } catch (error) {
    return [`unknown (${error instanceof Error ? error.message : String(error)})`];
  }
}

/** The listeners that would have been called after ours: this function does not come back to them. */
function runLaterListeners(code: number): void {
  for (const listener of process.listeners('exit')) listener(code);
}

function exitCode(code: number): number {
  return typeof process.exitCode === 'number' ? process.exitCode : code;
}
