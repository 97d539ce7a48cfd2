import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { clearInterval, clearTimeout, now, setInterval, setTimeout } from '../../node/timers.ts';
import { vendorFolder } from '../../packaging/vendor/distributions.ts';

/** How long nothing may happen before a package is read, in milliseconds: an editor replaces a file in several steps. */
const quietMs = 20;
/** The longest delay, in milliseconds, however much happens. */
const mostQuietMs = 500;
/** How often it is read although the system reports nothing, in milliseconds: network file systems report nothing. */
const pollMs = 1000;

/** State of each file of a package by its path, relative to the folder. */
type Snapshot = ReadonlyMap<string, string>;

/**
 * Watches the files of a package.
 *
 * Not watched: byte-code, hidden files, copies of editors (`name~`), and what is in `vendor`, except that the folder was replaced. It
 * does not keep the event loop alive.
 */
export class PackageWatch {
  readonly #folder: string;
  readonly #onChange: (files: readonly string[], since: number) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #files: Snapshot = new Map();
  #timer: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  /** When the first event was received that was not looked at. */
  #since: number | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Number of looks that have not ended. */
  #looks = 0;
  #closed = false;

  /** @param onChange receives the changed files, relative to the folder, and when the change was noticed. */
  constructor(folder: string, onChange: (files: readonly string[], since: number) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /**
   * Reads the state of now, with which later ones are compared.
   *
   * @param since milliseconds since 1970: files that have changed after that are reported at once.
   */
  async start(since: number): Promise<void> {
    this.#files = await this.#read();
    if (this.#closed) return;
    const changed = [...this.#files]
      .filter(([, state]) => Math.floor(changeTimeOf(state)) > since)
      .map(([path]) => path);
    if (changed.length > 0) this.#onChange(changed, now());
    // A slow file system must not get further reads while one is running.
    this.#poll = setInterval(() => {
      if (this.#looks === 0) this.#look();
    }, pollMs).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #onEvent(): void {
    if (this.#closed) return;
    this.#since ??= now();
    clearTimeout(this.#timer);
    const leftMs = Math.max(0, this.#since + mostQuietMs - now());
    this.#timer = setTimeout(() => this.#look(), Math.min(quietMs, leftMs)).unref();
  }

  /** Compares the files with those of before. One look after the other. */
  #look(): void {
    const since = this.#since ?? now();
    this.#since = undefined;
    this.#looks += 1;
    this.#looking = this.#looking.then(async () => {
      if (!this.#closed) await this.#compare(since);
      this.#looks -= 1;
    });
  }

  async #compare(since: number): Promise<void> {
    const files = await this.#read();
    const changed = difference(this.#files, files);
    this.#files = files;
    if (changed.length > 0 && !this.#closed) this.#onChange(changed, since);
  }

  async #read(): Promise<Snapshot> {
    const files = new Map<string, string>();
    const folders = new Set<string>();
    await this.#readFolder(this.#folder, files, folders, new Set());
    this.#follow(folders);
    return files;
  }

  async #readFolder(
    folder: string,
    files: Map<string, string>,
    folders: Set<string>,
    seen: Set<string>,
  ): Promise<void> {
    // Before its content is read, so that nothing is missed.
    this.#watch(folder);
    folders.add(folder);
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      const path = join(folder, name);
      if (isIgnored(name)) continue;
      const status = await stat(path, { bigint: true }).catch(() => undefined);
      if (status === undefined) continue;
      const place = relative(this.#folder, path).split(sep).join('/');
      const state = `${status.ctimeNs}:${status.dev}:${status.ino}:${status.mtimeNs}:${status.size}`;
      if (!status.isDirectory()) files.set(place, state);
      else if (place === vendorFolder) files.set(place, `0:${status.dev}:${status.ino}`);
      else if (!seen.has(`${status.dev}:${status.ino}`)) {
        seen.add(`${status.dev}:${status.ino}`);
        await this.#readFolder(path, files, folders, seen);
      }
    }
  }

  #watch(folder: string): void {
    if (this.#closed || this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#onEvent());
      // The folder was deleted, or the system has no more watches: it is read from time to time in any case.
      watcher.on('error', () => this.#unwatch(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // Likewise.
    }
  }

  /** Watches the folders of now, and no others. */
  #follow(folders: ReadonlySet<string>): void {
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#unwatch(folder);
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

/** When a file was last changed, in milliseconds since 1970. */
function changeTimeOf(state: string): number {
  return Number(state.slice(0, state.indexOf(':'))) / 1e6;
}

function isIgnored(name: string): boolean {
  return name.startsWith('.') || name === '__pycache__' || name.endsWith('.pyc') || name.endsWith('~');
}

function difference(before: Snapshot, after: Snapshot): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
