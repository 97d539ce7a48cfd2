import type { StoreEntry } from '../../../packaging/store/store-contents.ts';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { formatCount, formatSize, formatTable } from '../../output/text.ts';
import { folderOf, storeOptions } from './store-options.ts';

/** `fidius store list`: lists the packages that hosts keep to run from. */
export const storeList = defineCommand({
  name: 'store list',
  summary: 'List the packages in the store, with their sizes and last uses',
  options: storeOptions,
  json: true,
  examples: ['fidius store list', 'fidius store list --store /var/cache/plugins --json'],
  async run({ options }, io) {
    const { listStore } = await import('../../../packaging/store/store-contents.ts');
    const store = await folderOf(options.store, io);
    const packages = await withProgress(io, `Reading ${store}`, ({ signal }) => listStore(store, signal));
    const bytes = packages.reduce((sum, each) => sum + each.bytes, 0);
    const total = `${formatCount(packages.length, 'package')}, ${formatSize(bytes)} in ${store}`;
    return { record: { store, packages, bytes }, text: [...tableOf(packages), total, ''].join('\n') };
  },
});

/** One line for each package. */
export function tableOf(packages: readonly StoreEntry[]): string[] {
  return formatTable(
    packages.map(({ name, version, digest, bytes, lastUse, use }) => [
      name ?? 'damaged',
      version ?? '',
      digest.slice(0, 12),
      formatSize(bytes),
      lastUse === undefined ? '' : `last used ${lastUse.toISOString().slice(0, 10)}`,
      useTexts[use],
    ]),
  );
}

const useTexts: Readonly<Record<StoreEntry['use'], string>> = {
  none: '',
  running: 'in use',
  unknown: 'in use by another machine, or was',
};
