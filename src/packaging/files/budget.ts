/** Limits on what may be created or read in total. An absent limit does not apply. */
export interface BudgetLimits {
  readonly maxBytes?: number | undefined;
  /** Files and folders are counted separately; neither may be more than this. */
  readonly maxEntries?: number | undefined;
  /** Folders inside each other. */
  readonly maxDepth?: number | undefined;
}

/** A limit that was exceeded. `actual` is the value including the last addition. */
export interface Excess {
  readonly of: 'bytes' | 'depth' | 'entries' | 'folders';
  readonly limit: number;
  readonly actual: number;
}

/** The maximum depth. Deeper folders are rejected regardless of the other limits. */
export const deepest = 100;

/**
 * Counts what reading a package creates: files, folders, bytes and nested folders.
 *
 * Folders and archives use the same budget. Each item is counted before it is created or read.
 */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #refuse: (excess: Excess) => Error;
  readonly #folders = new Set<string>();
  #entries = 0;
  #bytes = 0;

  /** @param refuse creates the error for an exceeded limit. */
  constructor(limits: BudgetLimits, refuse: (excess: Excess) => Error) {
    this.#limits = limits;
    this.#refuse = refuse;
  }

  get bytes(): number {
    return this.#bytes;
  }

  addEntry(): void {
    this.#entries += 1;
    this.#check('entries', this.#entries, this.#limits.maxEntries);
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
    this.#check('bytes', this.#bytes, this.#limits.maxBytes);
  }

  /** Counts the folders around something that were not counted before. @param parts names of the folders, outermost first. */
  addFolders(parts: readonly string[]): void {
    this.#check('depth', parts.length, this.#limits.maxDepth ?? deepest);
    let path = '';
    for (const part of parts) {
      path = `${path}${part}/`;
      if (this.#folders.has(path)) continue;
      this.#folders.add(path);
      this.#check('folders', this.#folders.size, this.#limits.maxEntries);
    }
  }

  #check(of: Excess['of'], actual: number, limit: number | undefined): void {
    if (limit !== undefined && actual > limit) throw this.#refuse({ of, limit, actual });
  }
}
