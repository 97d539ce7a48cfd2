import { runtimeFolder } from '../cpython/runtime-folders.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { hostInterpreter } from './host-interpreter.ts';

const program = `
import sys
sys.path.insert(0, sys.argv[1])
from fidius_host import interface_reader
interface_reader.main(sys.argv[2])
`;

/**
 * Reads the interface of a module from its annotations, with an interpreter that runs for this only. Runs no code of the module.
 *
 * @param python the interpreter; `undefined`: the one that a host would use.
 * @returns what `runtime/fidius_host/interface_reader.py` prints.
 * @throws FidiusError `FIDIUS_PROCESS_START_FAILED`; the codes of finding Python.
 */
export function readPythonInterface(file: string, python: string | undefined): unknown {
  const executable = hostInterpreter({ python, allowStatic: true });
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const args = ['-I', '-B', '-X', 'utf8', '-c', program, runtimeFolder, file];
  const options = { encoding: 'utf8', windowsHide: true, maxBuffer: 1 << 28 } as const;
  const { stdout, stderr, status, error } = spawnSync(executable, args, options);
  if (error === undefined && status === 0) return JSON.parse(stdout);
  const reason = error?.message ?? stderr.trim().split('\n').at(-1);
  throw new FidiusError('FIDIUS_PROCESS_START_FAILED', `${executable} could not read ${file}: ${reason}`, {
    cause: error,
  });
}
