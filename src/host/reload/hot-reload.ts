import { channel } from 'node:diagnostics_channel';
import type { Interface } from '../../contract/interface.ts';
import { type FidiusError, FidiusTypeError, isFidiusError } from '../../errors/fidius-error.ts';
import { LoadError } from '../../errors/load-error.ts';
import { isPluginError } from '../../errors/plugin-error.ts';
import type { ExecutorPlugin } from '../../executor/executor.ts';
import { emitSafely, now } from '../../node/timers.ts';
import { readManifest } from '../../packaging/manifest/manifest.ts';
import { checkManifest } from '../load/check-manifest.ts';
import type { SelectedPackage } from '../load/load-pipeline.ts';
import { PackageWatch } from './package-watch.ts';

/** The files of a plugin that is loaded with `watch` have changed. */
export interface ReloadNotice {
  /** Distinguishes it from the other notices of a host. */
  readonly kind: 'reload';
  /** `reloaded`: calls run the new code. `rejected`: the new code cannot be loaded, and calls run the old code. */
  readonly event: 'reloaded' | 'rejected';
  /** The name of the plugin. */
  readonly plugins: readonly string[];
  /** The changed files, relative to the folder of the package. */
  readonly files: readonly string[];
  /** What has happened; for a rejected change with file and line where Python knows them. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** Milliseconds from the change to the new code. */
  readonly durationMs: number;
  /** Why the change was rejected. */
  readonly error?: unknown;
}

/** Changes of plugins that are loaded with `watch`, in any host of this JavaScript thread: a {@link ReloadNotice}. */
const reloadChannel = channel('fidius:reload');

/** What is reloaded. */
export interface ReloadSubject {
  readonly selected: SelectedPackage;
  /** `undefined`: the manifest is not compared with an interface. */
  readonly definition: Interface | undefined;
  readonly plugin: ExecutorPlugin;
  /** When its load began, in milliseconds since 1970: it may have read files that have changed since. */
  readonly loadedAt: number;
}

/** The error of a load with `watch` that cannot watch. @param reason a whole clause. */
export function cannotWatch(reason: string): FidiusError {
  return new FidiusTypeError('FIDIUS_OPTION_INVALID', `watch cannot be used: ${reason}`, {
    hint: 'Load the folder of the package with the executor "process" or "auto", in a host without `trustedKeys` and `trustStore`.',
  });
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID` for a package that does not run from its own folder. */
export function requireWatchable({ path, folder }: Pick<SelectedPackage, 'path' | 'folder'>): void {
  if (path !== folder) throw cannotWatch(`${path} is an archive, and a copy of its files runs`);
}

/** Loads a plugin again whenever the files of its package change. A change that cannot be loaded leaves the old code running. */
export class HotReload {
  readonly #subject: ReloadSubject;
  readonly #onNotice: (notice: ReloadNotice) => void;
  readonly #watch: PackageWatch;
  /** Files that changed while a reload was running. */
  #waiting: { readonly files: Set<string>; readonly since: number } | undefined;
  #isRunning = false;
  #closed = false;

  private constructor(subject: ReloadSubject, onNotice: (notice: ReloadNotice) => void) {
    this.#subject = subject;
    this.#onNotice = onNotice;
    this.#watch = new PackageWatch(subject.selected.folder, (files, since) => this.#changed(files, since));
  }

  static async start(subject: ReloadSubject, onNotice: (notice: ReloadNotice) => void): Promise<HotReload> {
    const reload = new HotReload(subject, onNotice);
    await reload.#watch.start(subject.loadedAt);
    return reload;
  }

  /** Stops watching. A reload that runs is not reported any more. */
  close(): void {
    this.#closed = true;
    this.#watch.close();
  }

  #changed(files: readonly string[], since: number): void {
    const waiting = this.#waiting ?? { files: new Set<string>(), since };
    for (const file of files) waiting.files.add(file);
    this.#waiting = waiting;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let change = this.#take(); change !== undefined; change = this.#take()) {
      const files = [...change.files];
      const error = await this.#reload().then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('unknown'),
      );
      if (this.#closed) break;
      this.#report(files, Math.round(now() - change.since), error);
    }
    this.#isRunning = false;
  }

  #take() {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** @throws what is wrong with the new code. */
  async #reload(): Promise<void> {
    const { selected, definition, plugin } = this.#subject;
    const { path, folder } = selected;
    const manifest = readManifest(folder);
    checkManifest(path, manifest, { definition });
    const { entryModule } = selected.manifest.python;
    if (manifest.name !== selected.manifest.name || manifest.python.entryModule !== entryModule) {
      throw new LoadError(
        'FIDIUS_PACKAGE_CHANGED',
        'the name or the entry module in package.toml has changed',
        { path, interface: definition?.name ?? manifest.interface, module: manifest.python.entryModule },
        { hint: 'Close the plugin and load it again.' },
      );
    }
    await plugin.restart?.();
  }

  #report(files: readonly string[], durationMs: number, error: unknown): void {
    const { name } = this.#subject.selected.manifest;
    const what = shownFiles(files);
    const about = { kind: 'reload', plugins: [name], files, durationMs } as const;
    const notice: ReloadNotice =
      error === undefined
        ? {
            ...about,
            event: 'reloaded',
            message: `Reloaded ${name} in ${durationMs} ms: ${what} changed`,
            hint: 'Nothing has to be done.',
          }
        : {
            ...about,
            event: 'rejected',
            message: `Cannot reload ${name} after ${what} changed, so the old code runs on: ${reasonOf(error)}`,
            hint: hintOf(error) ?? 'Correct the file.',
            error,
          };
    if (reloadChannel.hasSubscribers) reloadChannel.publish(notice);
    emitSafely(this.#onNotice, notice);
  }
}

/** With the traceback of Python, whose last lines name file and line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return isPluginError(cause) ? `${error.message}\n${cause.traceback.trimEnd()}` : error.message;
}

/** The hint of an exception of the module is to read its traceback, which the message contains. */
function hintOf(error: unknown): string | undefined {
  return isFidiusError(error) && !isPluginError(error.cause) ? error.hint : undefined;
}

function shownFiles(files: readonly string[]): string {
  const most = 3;
  const others = files.length - most;
  return others > 0 ? `${files.slice(0, most).join(', ')} and ${others} more` : files.join(', ');
}
