import { FidiusError } from '../../errors/fidius-error.ts';
import { run } from './installer.ts';
import type { VendorRecord } from './vendor-record.ts';

const question = [
  'import json, platform, sys',
  'print(json.dumps({"version": platform.python_version(), "implementation": sys.implementation.name, "machine": platform.machine()}))',
].join('\n');

/** Asks an interpreter who it is. */
export async function askPython(python: string): Promise<VendorRecord['python']> {
  const { output } = await run(python, ['-I', '-c', question], {});
  try {
    return JSON.parse(output.trim());
  } catch (cause) {
    throw new FidiusError('FIDIUS_VENDOR_FAILED', `${python} did not say which Python it is, but: ${output.trim()}`, {
      cause,
    });
  }
}
