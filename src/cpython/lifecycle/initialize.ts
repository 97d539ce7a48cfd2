import { FidiusError } from '../../errors/fidius-error.ts';
import type { PyStatus, PythonApi } from '../api/symbols.ts';

/** Position of `install_signal_handlers` in `PyConfig`, in 32-bit words; the head of the struct never changed. */
const signalHandlersWord = 4;

/** Positions in `PyPreConfig`, in 32-bit words. `legacy_windows_fs_encoding` comes before the last on Windows only. */
const preConfig = { parseArgv: 1, configureLocale: 4, coerceLocale: 5, utf8Mode: process.platform === 'win32' ? 8 : 7 };

/**
 * Initialises CPython. The calling thread holds the GIL afterwards.
 *
 * - Through `Py_InitializeFromConfig`, which reports failure: `Py_Initialize` would end the whole process.
 * - Settings travel as command-line switches, because the layout of `PyConfig` differs from version to version, and what
 *   its switches mean does not: `-E` (a stray `PYTHONHOME` must not break the host), or `-I` (the same, and nothing from the
 *   home folder of the user), `-S` (`site` runs later, see `startup.py`), `-B` (byte-code in a signed package would break its
 *   signature), `-X utf8` (a container without a locale must not fall back to ASCII).
 * - The first word, the program's name, makes CPython find its library, virtual environments included.
 * - Signal handlers stay Node's.
 *
 * @param program absolute path of the interpreter whose environment to use; without it CPython uses where it was built for.
 * @param isolated whether Python runs isolated, as `python -I` does; processes that `multiprocessing` starts do the same.
 * @throws {@link FidiusError} `FIDIUS_PYTHON_START_FAILED` with CPython's own words.
 */
export function initializePython(api: PythonApi, program: string | undefined, isolated: boolean): void {
  const pre = new Int32Array(64);
  api.PyPreConfig_InitPythonConfig(pre);
  // The program's arguments are Node's. Python sets the locale from the environment, as `python` does, but leaves the
  // environment alone (coercion would export LC_CTYPE to every child process).
  pre[preConfig.parseArgv] = 0;
  pre[preConfig.configureLocale] = 1;
  pre[preConfig.coerceLocale] = 0;
  pre[preConfig.coerceLocale + 1] = 0;
  pre[preConfig.utf8Mode] = 1;
  check('Py_PreInitialize', api.Py_PreInitialize(pre));

  const config = new Int32Array(2048);
  api.PyConfig_InitIsolatedConfig(config);
  const withoutHandlers = config[signalHandlersWord];
  api.PyConfig_InitPythonConfig(config);
  if (withoutHandlers !== 0 || config[signalHandlersWord] !== 1) {
    throw new FidiusError('FIDIUS_PYTHON_START_FAILED', 'PyConfig of this CPython has a layout that is not known', {
      hint: 'Use a released CPython 3.9 to 3.15, or run plugins in a process of their own.',
    });
  }
  config[signalHandlersWord] = 0;
  const switches = [program ?? 'python3', isolated ? '-I' : '-E', '-S', '-B', '-X', 'utf8', '-c', ''];
  try {
    check('PyConfig_SetBytesArgv', api.PyConfig_SetBytesArgv(config, switches.length, switches));
    check('Py_InitializeFromConfig', api.Py_InitializeFromConfig(config));
  } finally {
    api.PyConfig_Clear(config);
  }
}

function check(step: string, status: PyStatus): void {
  if (status.type === 0) return;
  const reason = status.err_msg ?? `it asked to exit with code ${status.exitcode}`;
  throw new FidiusError('FIDIUS_PYTHON_START_FAILED', `CPython did not start: ${reason} (${step})`, {
    hint: 'Run `python3 -c "import encodings"` with the same interpreter, and install Python again if that fails.',
  });
}
