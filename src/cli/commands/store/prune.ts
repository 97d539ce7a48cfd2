import type { PruneOutcome } from '../../../packaging/store/store-contents.ts';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { formatCount, formatSize } from '../../output/text.ts';
import { UsageError } from '../../parse-arguments.ts';
import { tableOf } from './list.ts';
import { folderOf, storeOptions } from './store-options.ts';

/** `fidius store prune`: removes packages that no process uses. */
export const storePrune = defineCommand({
  name: 'store prune',
  summary: 'Remove packages that no process uses from the store; the next load stores them again',
  options: {
    'older-than': { type: 'string', value: 'time', help: 'Keep packages used in this time, such as 12h, 30d or 8w' },
    'dry-run': { type: 'boolean', help: 'Print what would be removed, and remove nothing' },
    'ignore-other-machines': {
      type: 'boolean',
      help: 'Remove packages that only processes of other machines or containers used',
    },
    ...storeOptions,
  },
  json: true,
  examples: ['fidius store prune --older-than 30d', 'fidius store prune --dry-run'],
  async run({ options }, io) {
    const { pruneStore } = await import('../../../packaging/store/store-contents.ts');
    const olderThanMs = toMs(options['older-than']);
    const [dryRun, ignoreOtherMachines] = [options['dry-run'], options['ignore-other-machines']];
    const store = await folderOf(options.store, io);
    const outcome = await withProgress(io, `Pruning ${store}`, ({ signal }) =>
      pruneStore(store, { olderThanMs, ignoreOtherMachines, dryRun, signal }),
    );
    const bytes = outcome.removed.reduce((sum, each) => sum + each.bytes, 0);
    return { record: { store, dryRun, ...outcome, bytes }, isReport: !dryRun, text: textOf(outcome, bytes, dryRun) };
  },
});

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

function toMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d+)([mhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (units[unit] ?? 0) * 1000;
  throw new UsageError(
    `fidius store prune takes a number and a unit after --older-than, not ${text}`,
    'Use m for minutes, h for hours, d for days or w for weeks, such as 30d.',
  );
}

function textOf({ removed, kept }: PruneOutcome, bytes: number, dryRun: boolean): string {
  const inUse = kept.filter(({ use }) => use !== 'none').length;
  const verb = dryRun ? 'Would remove' : 'Removed';
  const used = inUse === 0 ? '' : `, ${inUse} in use`;
  const summary = `${verb} ${formatCount(removed.length, 'package')}, ${formatSize(bytes)}; kept ${kept.length}${used}`;
  return [...tableOf(removed), summary, ''].join('\n');
}
