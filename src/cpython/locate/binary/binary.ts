/** What the header of a program or a library says about it. */
export interface Binary {
  readonly format: 'ELF' | 'Mach-O' | 'PE';
  readonly kind: 'library' | 'program' | 'other';
  /** As `process.arch` spells it where Node has a name for it, otherwise the number of the format. */
  readonly machine: string;
  /** The name a library gives itself: what a program that was linked with it asks the loader for. */
  readonly ownName: string | undefined;
  /** The names of the libraries that it asks the loader for; read from ELF only. */
  readonly needs?: readonly string[];
  /** Where it asks to look for them first: folders with a colon between them, `$ORIGIN` for its own. ELF only. */
  readonly runPath?: string | undefined;
}

/** Reads a part of the file. Fewer bytes than asked for mean that the file ends there. */
export type ReadBytes = (offset: number, length: number) => Buffer;
