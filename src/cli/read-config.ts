import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Interface } from '../contract/interface.ts';
import { messageOf } from '../errors/is-error.ts';
import type { CommandIo } from './command-io.ts';
import { fromJson } from './output/json.ts';
import { UsageError } from './parse-arguments.ts';

/** The option `--config` of the commands that load a package. */
export const configOption = {
  type: 'string',
  value: 'file',
  help: 'Configuration of the package as JSON; "-" reads standard input',
} as const;

/**
 * Reads the configuration of a package.
 *
 * @param path the package, for errors.
 * @returns the encoded configuration; `undefined` without the option.
 * @throws UsageError for a file that is not JSON; FidiusError `FIDIUS_CONFIG_INVALID`.
 */
export async function readConfig(
  file: string | undefined,
  definition: Interface | undefined,
  path: string,
  io: CommandIo,
): Promise<Uint8Array | undefined> {
  const { encodeConfig, encodeUntypedConfig } = await import('../contract/config.ts');
  if (file === undefined) return definition === undefined ? undefined : encodeConfig(definition, undefined, path);
  let value: unknown;
  try {
    const text =
      file === '-' ? Buffer.from(await io.readStdin()).toString() : await readFile(resolve(io.cwd, file), 'utf8');
    value = fromJson(text);
  } catch (error) {
    throw new UsageError(`--config: cannot read ${file}: ${messageOf(error)}`, 'Pass a file that contains JSON.');
  }
  return definition === undefined ? encodeUntypedConfig(value) : encodeConfig(definition, value, path);
}
