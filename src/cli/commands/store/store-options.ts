import type { CommandIo } from '../../command-io.ts';
import type { OptionDefinitions } from '../../parse-arguments.ts';

/** The store that a command is about. */
export const storeOptions = {
  store: { type: 'path', value: 'dir', help: 'Folder of the store (default: the one in the cache directory)' },
} as const satisfies OptionDefinitions;

/** @throws FidiusError `FIDIUS_STORE_UNSAFE` if the environment names no absolute folder. */
export async function folderOf(given: string | undefined, { env }: CommandIo): Promise<string> {
  const { defaultStoreDir } = await import('../../../packaging/store/store-dir.ts');
  return given ?? defaultStoreDir(env);
}
