import type { ErrorCode } from '../../errors/codes.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import { hasControls, shown } from '../../errors/shown.ts';
import { Budget, type Excess } from '../files/budget.ts';
import { EntryNames, splitEntryPath } from './entry-path.ts';
import type { ResolvedLimits } from './limits.ts';
import type { TarEntry } from './tar/tar-reader.ts';

/** A valid entry of an archive. */
export interface ValidEntry {
  readonly kind: 'file' | 'folder';
  /** Parts of its path; the first is the folder that everything lies in. */
  readonly parts: readonly string[];
  readonly size: number;
  readonly isExecutable: boolean;
}

/**
 * Validates the entries of one archive in the order of the Rust tool. Some rules are stricter for security.
 *
 * Sizes are those of the written files: a size in a PAX header and the holes of a sparse file count.
 */
export class EntryValidator {
  readonly #archive: string;
  readonly #archiveBytes: number;
  readonly #limits: ResolvedLimits;
  readonly #names = new EntryNames();
  readonly #budget: Budget;
  #root: string | undefined;
  /** Path of the current entry. */
  #entry: string | undefined;

  constructor(archive: string, archiveBytes: number, limits: ResolvedLimits) {
    this.#archive = archive;
    this.#archiveBytes = archiveBytes;
    this.#limits = limits;
    this.#budget = new Budget(limits, (excess) => this.#beyond(excess));
  }

  /** The valid entry; `undefined` if there is nothing to unpack. */
  validate(entry: TarEntry): ValidEntry | undefined {
    this.#entry = undefined;
    this.#budget.addEntry();
    const path = this.#decodePath(entry.path);
    this.#entry = path;
    const refuse = (code: ErrorCode, problem: string) => this.#refusal(code, problem, { entry: path });
    if (entry.kind === 'symbolic link') throw refuse('FIDIUS_ARCHIVE_SYMLINK', 'it is a symbolic link');
    if (entry.kind === 'hard link') throw refuse('FIDIUS_ARCHIVE_HARD_LINK', 'it is a hard link');
    const parts = splitEntryPath(path);
    if ('code' in parts) throw refuse(parts.code, parts.problem);
    if (hasControls(path)) {
      throw refuse('FIDIUS_ARCHIVE_PATH_INVALID', 'its path contains a control character or a mark of text direction');
    }
    if (entry.kind === 'other') throw refuse('FIDIUS_ARCHIVE_ENTRY_TYPE', 'it is neither a file nor a folder');

    this.#checkSize(entry.size, path);
    if (entry.kind === 'global header') return undefined;
    return this.#place(entry, parts, refuse);
  }

  #decodePath(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      const entry = Buffer.from(bytes).toString('latin1');
      throw this.#refusal('FIDIUS_ARCHIVE_PATH_INVALID', 'its path is not UTF-8', { entry });
    }
  }

  #checkSize(size: number, entry: string): void {
    const { maxRatio } = this.#limits;
    this.#budget.addBytes(size);
    const largest = this.#archiveBytes * maxRatio;
    if (largest > 0 && this.#budget.bytes > largest) {
      const problem = `the files up to this entry are more than ${maxRatio} times as large as the archive`;
      throw this.#refusal('FIDIUS_ARCHIVE_TOO_LARGE', problem, {
        entry,
        hint: 'Raise `maxRatio`, or set it to 0, if you trust the archive.',
      });
    }
  }

  #beyond({ of, limit, actual }: Excess): ArchiveError {
    const entry = this.#entry;
    if (of === 'bytes') {
      const hint = 'Raise `maxBytes` if you trust the archive.';
      const problem = `the files up to this entry have ${actual} bytes, the limit is ${limit}`;
      return this.#refusal('FIDIUS_ARCHIVE_TOO_LARGE', problem, { entry, hint });
    }
    if (of === 'depth') {
      return this.#refusal('FIDIUS_ARCHIVE_PATH_INVALID', `it is nested deeper than ${limit} folders`, { entry });
    }
    const hint = 'Raise `maxEntries` if you trust the archive.';
    return this.#refusal('FIDIUS_ARCHIVE_TOO_MANY_ENTRIES', `it has more than ${limit} ${of}`, { entry, hint });
  }

  #place(
    entry: TarEntry,
    parts: readonly string[],
    refuse: (code: ErrorCode, problem: string) => ArchiveError,
  ): ValidEntry | undefined {
    const isFolder = entry.kind === 'folder';
    const [root] = parts;
    if (root === undefined && isFolder) return undefined;
    if (root === undefined) throw refuse('FIDIUS_ARCHIVE_PATH_INVALID', 'its path is empty');
    if (parts.length === 1 && !isFolder) {
      throw refuse('FIDIUS_ARCHIVE_LAYOUT', 'it is outside the folder of the package');
    }
    if (root.startsWith('.')) {
      throw refuse('FIDIUS_ARCHIVE_LAYOUT', 'the name of the folder of the package starts with a dot');
    }
    this.#root ??= root;
    if (root !== this.#root) {
      throw refuse('FIDIUS_ARCHIVE_LAYOUT', `it is in a second folder, expected all entries in "${shown(this.#root)}"`);
    }
    const other = this.#names.add(parts, isFolder);
    if (other === parts.join('/'))
      throw refuse('FIDIUS_ARCHIVE_PATH_DUPLICATE', 'the archive contains this path twice');
    if (other !== undefined) {
      throw refuse('FIDIUS_ARCHIVE_PATH_DUPLICATE', `some file systems treat it as equal to "${shown(other)}"`);
    }
    this.#budget.addFolders(isFolder ? parts : parts.slice(0, -1));
    return { kind: isFolder ? 'folder' : 'file', parts, size: entry.size, isExecutable: (entry.mode & 0o111) !== 0 };
  }

  #refusal(
    code: ErrorCode,
    problem: string,
    { entry, hint = refusalHint }: { readonly entry?: string | undefined; readonly hint?: string },
  ): ArchiveError {
    const at = entry === undefined ? '' : ` at entry "${shown(entry)}"`;
    const message = `Cannot read archive ${this.#archive}${at}: ${problem}`;
    return new ArchiveError(code, message, { archive: this.#archive, entry }, { hint });
  }
}

const refusalHint = 'Get the archive from its author again, or pack the package again with `fidius package pack`.';
