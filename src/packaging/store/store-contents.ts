import { existsSync, readdirSync, rmSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { throwIfAborted } from '../../errors/options.ts';
import { wallClock } from '../../node/timers.ts';
import { recoverStaging } from '../files/staging.ts';
import { type Manifest, readManifest } from '../manifest/manifest.ts';
import { ArchiveIndex } from './archive-index.ts';
import { requireTrustedPath } from './store-dir.ts';
import { type StoreUse, StoreUses } from './store-uses.ts';
import { StoredTrees } from './stored-trees.ts';

/** A package in a store, as it is listed. */
export interface StoreEntry {
  /** The folder. */
  readonly dir: string;
  /** `undefined` if the manifest is damaged. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly digest: string;
  /** Size of its files. */
  readonly bytes: number;
  /** When a process loaded it last. */
  readonly lastUse: Date | undefined;
  /** `running`: by a process of this machine; `unknown`: perhaps by one of another machine. */
  readonly use: 'none' | 'running' | 'unknown';
}

export interface PruneOptions {
  /** Keeps packages that were used later. Default: none. */
  readonly olderThanMs?: number | undefined;
  /** Whether marks of other machines are ignored. */
  readonly ignoreOtherMachines?: boolean | undefined;
  /** Whether nothing is removed. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PruneOutcome {
  readonly removed: readonly StoreEntry[];
  readonly kept: readonly StoreEntry[];
}

/**
 * Lists the packages in a store. Creates nothing.
 *
 * @throws FidiusError `FIDIUS_STORE_UNSAFE`; the reason of `signal`.
 */
export async function listStore(dir: string, signal?: AbortSignal): Promise<readonly StoreEntry[]> {
  const content = join(resolve(dir), 'content');
  if (!existsSync(content)) return [];
  requireTrustedPath(content);
  const trees = new StoredTrees(content);
  const uses = new StoreUses(resolve(dir)).list();
  const entries: StoreEntry[] = [];
  for (const folder of await trees.list()) {
    const digest = /[0-9a-f]{64}$/.exec(folder)?.[0];
    if (digest === undefined) continue;
    throwIfAborted(signal);
    const path = trees.pathOf(folder);
    const { name, version } = manifestOf(path) ?? {};
    const lastUse = trees.lastUseOf(folder);
    entries.push({ dir: path, name, version, digest, bytes: await sizeOf(path), lastUse, use: useOf(digest, uses) });
  }
  return entries;
}

/**
 * Removes packages that no process uses, and what belongs to them.
 *
 * A process marks a package before it looks for it, and a package is moved away before the marks are read for the last time.
 * One of the two therefore sees the other. A process that finds its package missing stores it again.
 *
 * @throws FidiusError `FIDIUS_STORE_UNSAFE`; the reason of `signal`.
 */
export async function pruneStore(dir: string, options: PruneOptions): Promise<PruneOutcome> {
  const { olderThanMs = 0, ignoreOtherMachines = false, dryRun = false, signal } = options;
  const store = resolve(dir);
  const trees = new StoredTrees(join(store, 'content'));
  const uses = new StoreUses(store);
  const [removed, kept]: [StoreEntry[], StoreEntry[]] = [[], []];
  for (const entry of await listStore(dir, signal)) {
    throwIfAborted(signal);
    const isUsed = () => {
      const use = useOf(entry.digest, uses.list());
      return use === 'running' || (use === 'unknown' && !ignoreOtherMachines);
    };
    const isRecent = wallClock() - (entry.lastUse?.getTime() ?? 0) < olderThanMs;
    const isRemoved = !isRecent && !isUsed() && (dryRun || (await trees.removeUnused(folderName(entry), isUsed)));
    (isRemoved ? removed : kept).push(entry);
  }
  if (!dryRun && existsSync(join(store, 'content'))) await removeLeftovers(store, uses);
  return { removed, kept };
}

/** Removes marks of processes that ended, records of archives that are not stored any more, and incomplete content. */
async function removeLeftovers(store: string, uses: StoreUses): Promise<void> {
  await recoverStaging(join(store, 'content')).catch(() => {});
  uses.remove(uses.list().filter(({ state }) => state === 'ended'));
  const names = new Set(await new StoredTrees(join(store, 'content')).list());
  const archives = join(store, 'archives');
  const index = new ArchiveIndex(archives);
  for (const file of existsSync(archives) ? readdirSync(archives) : []) {
    if (!/^[0-9a-f]{64}\.json$/.test(file)) continue;
    const name = index.find(file.slice(0, -'.json'.length))?.name;
    if (name === undefined || !names.has(name)) rmSync(join(archives, file), { force: true });
  }
}

function folderName({ dir }: StoreEntry): string {
  return basename(dir);
}

function useOf(digest: string, uses: readonly StoreUse[]): StoreEntry['use'] {
  const states = new Set(uses.filter((use) => use.digest === digest).map(({ state }) => state));
  return states.has('running') ? 'running' : states.has('unknown') ? 'unknown' : 'none';
}

function manifestOf(path: string): Manifest | undefined {
  try {
    return readManifest(path);
  } catch {
    return undefined;
  }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await sizeOf(path) : (await lstat(path)).size;
  }
  return bytes;
}
