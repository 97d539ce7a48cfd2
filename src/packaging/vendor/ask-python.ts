import { isAbsolute, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { throwIfAborted } from '../../errors/option-values.ts';
import { type InstallerName, missingInstaller } from './installer.ts';
import { installerEnvironment } from './installer-environment.ts';
import { runCommand } from './run-command.ts';
import type { VendorRecord } from './vendor-record.ts';

const question = [
  'import json, platform, sys',
  'print(json.dumps({"executable": sys.executable, "version": platform.python_version(), "implementation": sys.implementation.name, "machine": platform.machine()}))',
].join('\n');

/** An interpreter, and the description of it for the record. */
export interface DescribedPython {
  /** Absolute: uv would look for a name in virtual environments of the current and parent folders first. */
  readonly executable: string;
  readonly description: VendorRecord['python'];
}

/**
 * Runs an interpreter once to find its path and version.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`, `FIDIUS_VENDOR_NO_INSTALLER`; the reason of the signal.
 */
export async function askPython(
  python: string,
  {
    installer,
    cwd,
    signal,
  }: { readonly installer: InstallerName; readonly cwd: string; readonly signal: AbortSignal | undefined },
): Promise<DescribedPython> {
  // A relative path starts in the folder of this process, a name is looked up in PATH.
  const command = /[\\/]/.test(python) ? resolve(python) : python;
  const options = { cwd, env: installerEnvironment(process.env, false), signal };
  const { exitCode, output } = await runCommand(command, ['-I', '-c', question], options).catch((cause: unknown) => {
    throwIfAborted(signal);
    throw missingInstaller(installer, command, messageOf(cause), cause);
  });
  try {
    const { executable, ...description } = JSON.parse(output.trim()) as VendorRecord['python'] & { executable: string };
    if (!isAbsolute(executable)) throw new Error(`it reported ${JSON.stringify(executable)} as its path`);
    return { executable, description };
  } catch (cause) {
    const message = `Cannot vendor dependencies: ${command} did not report its version (exit code ${exitCode}), but: ${output.trim()}`;
    throw new FidiusError('FIDIUS_VENDOR_FAILED', message, {
      cause,
      hint: 'Name another Python with the option `python`.',
    });
  }
}
