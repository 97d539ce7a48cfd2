import { closeSync, fchmodSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CooperativeYield } from './cooperative-yield.ts';

/** Writes files below a new folder that no other user writes to. */
export class TreeWriter {
  readonly #root: string;
  readonly #yielding: CooperativeYield;
  readonly #isReadOnly: boolean;
  readonly #folders = new Set<string>();

  /**
   * @param root does not exist yet; the folder around it does.
   * @param options with `readOnly`, files are made read-only, whatever the umask is.
   */
  constructor(root: string, yielding: CooperativeYield, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#root = root;
    this.#yielding = yielding;
    this.#isReadOnly = readOnly;
    mkdirSync(root, { mode: folderMode });
    this.#folders.add(root);
  }

  makeFolder(path: string): void {
    this.#ensureFolder(join(this.#root, path));
  }

  /**
   * Creates a file; it must not exist.
   *
   * Of the mode, only the executable bit is kept. Times are those of the writing, not of the source: Python compares
   * the time of a source file with its cached byte-code, so a replaced file must have a new time.
   */
  async writeFile(
    path: string,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: { readonly isExecutable: boolean },
  ): Promise<number> {
    const target = join(this.#root, path);
    this.#ensureFolder(dirname(target));
    const file = openSync(target, 'wx', options.isExecutable ? 0o755 : 0o644);
    let written = 0;
    try {
      if (this.#isReadOnly) fchmodSync(file, options.isExecutable ? 0o555 : 0o444);
      for await (const piece of content) {
        for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
        written += piece.length;
        if (this.#yielding.isDue) await this.#yielding.pause();
      }
    } finally {
      closeSync(file);
    }
    if (this.#yielding.isDue) await this.#yielding.pause();
    return written;
  }

  #ensureFolder(folder: string): void {
    if (this.#folders.has(folder)) return;
    mkdirSync(folder, { recursive: true, mode: folderMode });
    this.#folders.add(folder);
  }
}

/** Independent of the umask: only the owner may write to folders of a package. */
const folderMode = 0o755;
