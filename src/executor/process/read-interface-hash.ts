import { runtimeFolder } from '../../cpython/runtime-folders.ts';
import { FidiusError } from '../../errors/fidius-error.ts';

/** What `runtime/fidius_host/cli_support.py` makes of a source file. */
export interface ShownHash {
  /** Whether the file is valid Python. */
  readonly python: boolean;
  readonly hash: number | bigint | null;
}

/** As text, because JSON has no integers of 64 bits. */
const program = `
import sys
sys.path.insert(0, sys.argv[1])
from fidius_host import cli_support
shown = cli_support.interface_hash(sys.argv[2])
print(shown["python"], shown["hash"])
`;

/**
 * Reads the interface hash from the source of a module, with an interpreter that runs for this only. Runs no code of the module.
 *
 * @throws FidiusError `FIDIUS_PROCESS_START_FAILED`.
 */
export function readInterfaceHash(executable: string, file: string): ShownHash {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const args = ['-I', '-B', '-X', 'utf8', '-c', program, runtimeFolder, file];
  const { stdout, stderr, status, error } = spawnSync(executable, args, { encoding: 'utf8', windowsHide: true });
  if (error !== undefined || status !== 0) {
    const reason = error?.message ?? stderr.trim().split('\n').at(-1);
    throw new FidiusError('FIDIUS_PROCESS_START_FAILED', `${executable} could not read ${file}: ${reason}`, {
      cause: error,
    });
  }
  const [python, hash] = stdout.trim().split(' ') as [string, string];
  return { python: python === 'True', hash: hash === 'None' ? null : BigInt(hash) };
}
