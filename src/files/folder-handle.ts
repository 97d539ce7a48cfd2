import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';

/**
 * An open folder. Names are resolved in this folder.
 *
 * Between two uses of a path, another user with write permission for a parent folder can replace a part of it by a
 * link. On Linux, a path that begins with the descriptor of an open folder is not affected. Other systems use the plain
 * path.
 */
export class FolderHandle {
  /** For messages. */
  readonly path: string;
  readonly status: Stats;
  readonly #descriptor: number | undefined;

  private constructor(path: string, status: Stats, descriptor: number | undefined) {
    this.path = path;
    this.status = status;
    this.#descriptor = descriptor;
  }

  /** Opens a folder, not a link to one. @throws the error of the system: `ENOTDIR` or `ELOOP` when it is something else. */
  static open(path: string): FolderHandle {
    if (constants.O_DIRECTORY === undefined || constants.O_NOFOLLOW === undefined) {
      const status = lstatSync(path);
      if (status.isDirectory()) return new FolderHandle(path, status, undefined);
      throw Object.assign(new Error(`ENOTDIR: not a directory, open '${path}'`), { code: 'ENOTDIR' });
    }
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return new FolderHandle(path, fstatSync(descriptor), descriptor);
  }

  get descriptor(): number | undefined {
    return this.#descriptor;
  }

  /** The path of an entry in the folder. */
  at(...names: readonly string[]): string {
    const folder =
      this.#descriptor === undefined || !hasDescriptorPaths() ? this.path : `/proc/self/fd/${this.#descriptor}`;
    return join(folder, ...names);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

let descriptorPaths: boolean | undefined;

/** Whether paths can begin with a descriptor: `/proc` may be missing in a container. */
export function hasDescriptorPaths(): boolean {
  descriptorPaths ??= platform() === 'linux' && existsSync('/proc/self/fd');
  return descriptorPaths;
}
