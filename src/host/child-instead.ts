import type { ErrorCode } from '../errors/codes.ts';

/** Errors of starting CPython in this process that do not concern a child process. */
const notInProcess: ReadonlySet<ErrorCode> = new Set([
  'FIDIUS_EXECUTOR_UNSUPPORTED',
  'FIDIUS_LIBPYTHON_ARCHITECTURE',
  'FIDIUS_PYTHON_FAILED_EARLIER',
  'FIDIUS_PYTHON_NOT_ISOLATED',
  'FIDIUS_PYTHON_OTHER_VERSION',
  'FIDIUS_PYTHON_SECOND',
  'FIDIUS_PYTHON_STACK',
  'FIDIUS_PYTHON_START_FAILED',
  'FIDIUS_PYTHON_STATIC',
  'FIDIUS_PYTHON_UNSUPPORTED',
]);

/** Whether an error means that CPython cannot run in this process, and a child process may run it. */
export function concernsOnlyThisProcess(code: ErrorCode): boolean {
  return notInProcess.has(code);
}
