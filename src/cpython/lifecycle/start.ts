import { readFileSync, realpathSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { SharedLibrary } from '../../ffi/ffi.ts';
import { Libc } from '../../ffi/libc.ts';
import { ffi } from '../../ffi/native.ts';
import { nativeStackBounds, type StackBounds } from '../../ffi/stack-bounds.ts';
import { mainRealm } from '../../node/main-realm.ts';
import { nextTurn } from '../../node/timers.ts';
import { isInternalPythonError } from '../api/exception.ts';
import { Memory } from '../api/memory.ts';
import { bindPython, type PythonApi } from '../api/symbols.ts';
import { Gil } from '../gil/gil.ts';
import { GilTrampoline } from '../gil/gil-trampoline.ts';
import { Interpreter } from '../interpreter.ts';
import { locatePython, probeAhead } from '../locate/locate-python.ts';
import { requireRuntimeFolders, runtimeFolder, sdkFolder } from '../runtime-folders.ts';
import { fillCopyRelocations } from './copy-relocations.ts';
import { initializePython } from './initialize.ts';
import { planStart, requireIsolated, type StartPlan } from './isolation.ts';
import { isOtherVersion, type LibraryCopy, refuseOtherVersion, thisCopy } from './library-copy.ts';
import { permittedSearch, requirePermission } from './permission.ts';
import { withStartLock } from './start-lock.ts';
import { giveBackState, stopAtExit } from './stop.ts';

/** Which Python is started. One process has one; the first load decides. */
export interface StartOptions {
  /**
   * Path of a CPython shared library. If no other Python is named, its own standard library and packages are used.
   *
   * @default the library of `python`
   */
  readonly libpython?: string | undefined;
  /**
   * Path of an interpreter whose library and packages are used.
   *
   * @default the first usable one of FIDIUS_PYTHON, VIRTUAL_ENV, CONDA_PREFIX, `.venv`, PATH and system libraries
   */
  readonly python?: string | undefined;
  /**
   * Whether Python runs isolated: without site-packages and `usercustomize` of the user, and without a `.venv` in the
   * current folder that was not named. An interpreter that runs already must not have taken any of them in.
   *
   * @default false; true for a host that requires signatures
   */
  readonly isolatePython?: boolean | undefined;
}

/**
 * How the start went on this JavaScript thread; a failed one is remembered, because CPython cannot be started twice. Other
 * versions of this library read {@link LibraryCopy} of it, and nothing else before they know that it is theirs.
 */
interface Started extends LibraryCopy {
  readonly interpreter?: Interpreter;
  /** What was asked for, and the folder in which a relative path was meant. */
  readonly asked?: string;
  readonly failure?: unknown;
}

// Not in this module: a test runner may load it twice into one thread, and the second copy must find the interpreter of
// the first. It is the same for every version: one that is not ours must be found, too. Nor on `process`, which jest copies with all that hangs on it.
const key = Symbol.for('fidius.python@1');
const processRegistry = mainRealm as unknown as { [key]?: Started };

/**
 * The interpreter of this process, started on first use and never stopped before the process ends.
 *
 * Later calls return the same one; options that name another Python are an error then. Runs for some 15 to 30 ms, once.
 *
 * @throws {@link FidiusError} the codes of finding Python; `FIDIUS_LIBPYTHON_INVALID`, `FIDIUS_PYTHON_SECOND`,
 *   `FIDIUS_PYTHON_STACK`, `FIDIUS_PYTHON_START_FAILED`, `FIDIUS_RUNTIME_MISSING`, `FIDIUS_PYTHON_PERMISSION`,
 *   `FIDIUS_PYTHON_OTHER_VERSION`, `FIDIUS_PYTHON_NOT_ISOLATED`, and `FIDIUS_PYTHON_FAILED_EARLIER` ever after.
 */
export function startPython(options: StartOptions = {}): Interpreter {
  const interpreter = startOrJoin(options);
  if (options.isolatePython === true) requireIsolated(interpreter, options);
  return interpreter;
}

/**
 * Does what {@link startPython} would do first and what need not block this thread: asks the interpreter that it will start,
 * which may take 100 ms and more, and loads the FFI. Does nothing if Python runs already. Never rejects.
 *
 * @returns whether Python is to be started.
 */
export async function prepareStart(
  { libpython, python, isolatePython }: StartOptions,
  signal?: AbortSignal,
): Promise<boolean> {
  if (processRegistry[key] !== undefined) return false;
  await probeAhead({ libpython, python, isolatePython, toStart: true }, signal).catch(() => {});
  await nextTurn();
  try {
    requirePermission();
  } catch {
    // The start will fail with the same error.
  }
  await nextTurn();
  return true;
}

function startOrJoin(options: StartOptions): Interpreter {
  const started = processRegistry[key];
  if (started !== undefined) refuseOtherVersion(started);
  if (started?.interpreter !== undefined) {
    if (askedBy(options) !== started.asked) refuseOther(started.interpreter, options);
    return started.interpreter;
  }
  if (started !== undefined) {
    throw new FidiusError('FIDIUS_PYTHON_FAILED_EARLIER', 'CPython failed to start earlier in this process', {
      cause: started.failure,
      hint: 'Fix the first failure (see `cause`) and restart the process: CPython cannot be started twice in a process.',
    });
  }
  requireRuntimeFolders();
  requirePermission();
  const { python } = permittedSearch(() => locatePython({ ...options, toStart: true }));
  if (python.libpython === undefined) {
    throw new FidiusError('FIDIUS_LIBPYTHON_NOT_FOUND', `${python.executable} has no shared library`, {
      hint: 'Select a Python with a shared library by the option `python`; `fidius doctor` lists what was found.',
    });
  }
  refuseSecondLibrary(python.libpython);
  const library = ffi.openLibrary(python.libpython);
  const api = bindPython(library);
  try {
    const libc = new Libc();
    const plan = planStart(python, options.isolatePython === true);
    const interpreter = withStartLock(libc, () => enterPython(api, library, libc, plan));
    processRegistry[key] = { ...thisCopy(), interpreter, asked: askedBy(options) };
    return interpreter;
  } catch (cause) {
    if (isOtherVersion(cause)) throw cause;
    const failure = startFailure(cause);
    processRegistry[key] = { ...thisCopy(), failure };
    throw failure;
  }
}

function startFailure(cause: unknown): unknown {
  if (!isInternalPythonError(cause)) return cause;
  return new FidiusError('FIDIUS_PYTHON_START_FAILED', `Python started, but not completely: ${cause.data.message}`, {
    cause,
    hint: 'Run `fidius doctor`, which starts the same Python in a process of its own and reports what fails.',
  });
}

/** The interpreter of this thread if it was started. */
export function startedPython(): Interpreter | undefined {
  return processRegistry[key]?.interpreter;
}

function enterPython(api: PythonApi, library: SharedLibrary, libc: Libc, plan: StartPlan): Interpreter {
  const first = api.Py_IsInitialized() === 0;
  const trampoline = first || isMainThread ? undefined : knownTrampoline();
  if (trampoline !== undefined) return joinThroughTrampoline(api, library, libc, trampoline);
  if (first) {
    fillCopyRelocations(libc);
    initializePython(api, plan.program, plan.isolated);
  } else {
    api.PyEval_RestoreThread(api.PyThreadState_New(api.PyInterpreterState_Main()));
  }
  protectStack(api, libc);

  const gil = new Gil(api);
  const interpreter = new Interpreter(api, gil, new Memory(api, libc), library.path);
  try {
    importRuntime(interpreter, first);
    if (first && plan.implicit !== undefined) interpreter.invoke('isolation.tell_implicit', plan.implicit);
  } catch (error) {
    // Nothing will be left of this thread in Python. The state that initialization made is not ours to delete.
    if (!first) giveBackState(interpreter);
    throw error;
  } finally {
    if (gil.held) gil.leave();
  }
  if (!isMainThread) shareTrampoline(interpreter);
  stopAtExit(interpreter, libc, { initialized: first });
  return interpreter;
}

/** Joins a Python that runs already, without the lock: this thread may be terminated at any time. */
function joinThroughTrampoline(api: PythonApi, library: SharedLibrary, libc: Libc, trampoline: number): Interpreter {
  const gil = new Gil(api, api.PyThreadState_New(api.PyInterpreterState_Main()));
  const memory = new Memory(api, libc);
  const interpreter = new Interpreter(api, gil, memory, library.path);
  interpreter.trampoline = new GilTrampoline(memory, trampoline);
  const bounds = stackBoundsNeeded(api, libc);
  if (bounds !== undefined) interpreter.invoke('gil_trampoline.protect_stack', bounds.base, bounds.size);
  stopAtExit(interpreter, libc, { initialized: false });
  return interpreter;
}

/** Worker threads inherit environment data. The key is the same for all versions, as {@link key} is. */
const trampolineKey = 'fidius.door@1';

interface KnownTrampoline extends LibraryCopy {
  readonly address: number;
}

/** @throws FidiusError `FIDIUS_PYTHON_OTHER_VERSION` when the trampoline is that of another version. */
function knownTrampoline(): number | undefined {
  const known = getEnvironmentData(trampolineKey) as Partial<KnownTrampoline> | undefined;
  if (known === undefined) return undefined;
  refuseOtherVersion(known);
  return known.address;
}

/**
 * Lets worker threads that are created from now on use Python without the lock, and this one, if it is one. Where Python
 * has no ctypes, there is no trampoline, and terminating a worker thread in the middle of a call may stop Python for everybody.
 */
export function shareTrampoline(interpreter: Interpreter): void {
  const address = knownTrampoline() ?? interpreter.invoke('gil_trampoline.address');
  if (typeof address !== 'number') return;
  setEnvironmentData(trampolineKey, { ...thisCopy(), address } satisfies KnownTrampoline);
  if (!isMainThread) interpreter.trampoline = new GilTrampoline(interpreter.memory, address);
}

/** Sets the limits of this thread's state to the stack that koffi runs it on. */
function protectStack(api: PythonApi, libc: Libc): void {
  const bounds = stackBoundsNeeded(api, libc);
  if (bounds !== undefined) {
    api.PyUnstable_ThreadState_SetStackProtection?.(api.PyThreadState_Get(), bounds.base, bounds.size);
  }
}

/** The bounds that this CPython must be told; nothing before 3.14. @throws FidiusError `FIDIUS_PYTHON_STACK`. */
function stackBoundsNeeded(api: PythonApi, libc: Libc): StackBounds | undefined {
  const [major = 0, minor = 0] = api.Py_GetVersion().split('.', 2).map(Number);
  if (major === 3 && minor < 14) return undefined;
  const bounds = nativeStackBounds(libc);
  const can = api.PyUnstable_ThreadState_SetStackProtection !== undefined;
  if (bounds !== undefined && can) return bounds;
  const lack = can ? 'they are not known here' : 'this CPython has no function to set them';
  throw new FidiusError(
    'FIDIUS_PYTHON_STACK',
    `CPython ${major}.${minor} must be told the bounds of the stack it runs on, and ${lack}`,
    { hint: 'Use CPython 3.13 or older, or 3.14.2 or newer on Linux with glibc (x64 or arm64).' },
  );
}

/**
 * Imports `fidius_host`. The first time in a process that needs its folder on `sys.path`, and completes the start of the
 * interpreter (`startup.py`), which also takes the folder off again: plugins must neither find nor shadow it there.
 */
function importRuntime(interpreter: Interpreter, first: boolean): void {
  if (first) finishStart(interpreter);
  else refuseOtherVersion(copyThatStarted(interpreter));
  interpreter.importHostApi();
  if (first) interpreter.invoke('interpreter.remember_copy', JSON.stringify(thisCopy()));
  if (first && process.platform !== 'win32') interpreter.invoke('interpreter.adopt_environment', { ...process.env });
}

/** The copy whose `fidius_host` is imported: Python remembers it. */
function copyThatStarted(interpreter: Interpreter): LibraryCopy | undefined {
  const { api } = interpreter;
  const host = interpreter.owned(api.PyImport_ImportModule('fidius_host'));
  const told = api.PyObject_GetAttrString(host, 'copy');
  api.Py_DecRef(host);
  if (told === 0) {
    api.PyErr_Clear();
    return undefined;
  }
  const text = interpreter.memory.copyText(told);
  api.Py_DecRef(told);
  return text === undefined ? undefined : (JSON.parse(text) as LibraryCopy);
}

function finishStart(interpreter: Interpreter): void {
  const { api } = interpreter;
  const path = api.PySys_GetObject('path');
  const flags = api.PySys_GetObject('flags');
  if (path === 0 || flags === 0)
    throw new FidiusError('FIDIUS_PYTHON_START_FAILED', 'CPython started without sys.path', {
      hint: 'Run `fidius doctor`, which starts the same Python in a process of its own.',
    });
  const runtime = interpreter.text(runtimeFolder);
  const sdk = interpreter.text(sdkFolder);
  api.PyList_Insert(path, 0, runtime);
  // Python was started with -B, for the sake of packages. No package is imported before `finish_start` is done.
  if (!process.env['PYTHONDONTWRITEBYTECODE']) {
    const no = interpreter.owned(api.PyBool_FromLong(0));
    api.PySys_SetObject('dont_write_bytecode', no);
    api.Py_DecRef(no);
  }
  const startup = interpreter.owned(api.PyImport_ImportModule('fidius_host.startup'));
  const finish = interpreter.owned(api.PyObject_GetAttrString(startup, 'finish_start'));
  const done = interpreter.owned(interpreter.call(finish, runtime, sdk));
  for (const reference of [done, sdk, runtime, finish, startup]) api.Py_DecRef(reference);
  // `site` has run by now; left at 1, the flag would make `multiprocessing` start its children without it.
  api.PyStructSequence_SetItem(flags, noSiteFlag, interpreter.owned(api.PyLong_FromLongLong(0)));
}

/** Position of `no_site` in `sys.flags`, the same in every supported version. */
const noSiteFlag = 6;

function askedBy({ libpython, python }: StartOptions): string {
  return JSON.stringify([libpython, python, process.cwd()]);
}

function refuseOther(interpreter: Interpreter, options: StartOptions): void {
  if (options.libpython === undefined && options.python === undefined) return;
  const { python } = locatePython({ ...options, toStart: true });
  if (python.libpython === undefined || samePath(python.libpython, interpreter.libpython)) return;
  throw secondLibrary(interpreter.libpython, python.libpython);
}

/** Two libpythons in one process would share symbols and corrupt each other; another addon may have brought the first. */
function refuseSecondLibrary(libpython: string): void {
  if (process.platform !== 'linux') return;
  const loaded = readFileSync('/proc/self/maps', 'utf8').match(/\/\S.*\/libpython3\.\d+[a-z]*\.so\S*/g) ?? [];
  const other = loaded.find((path) => !samePath(path, libpython));
  if (other !== undefined) throw secondLibrary(other, libpython);
}

function secondLibrary(loaded: string, wanted: string): FidiusError {
  return new FidiusError(
    'FIDIUS_PYTHON_SECOND',
    `This process already runs ${loaded} and cannot load a second Python, ${wanted}`,
    {
      hint: 'Use one Python per process: pass the same `python` everywhere, or run the other plugin in its own process.',
    },
  );
}

function samePath(first: string, second: string): boolean {
  return first === second || realpath(first) === realpath(second);
}

function realpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
