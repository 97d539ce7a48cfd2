/** A reader of foreign bytes that is given mutated input. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs that the others are made from. May write to `folder`, which is for this target alone. */
  readonly samples: (folder: string) => Promise<readonly [Buffer, ...Buffer[]]> | readonly [Buffer, ...Buffer[]];
  /** Words of the format. */
  readonly words: readonly string[];
  /** Reads an input to its end. @throws what the reader throws, or an error of the fuzzer's own when what it gave is wrong. */
  readonly read: (input: Buffer, folder: string) => unknown;
  /** Classes of errors that an inner reader may throw besides those of the library, which its caller translates. */
  readonly inner?: readonly (new (
    ...args: never[]
  ) => Error)[];
}
