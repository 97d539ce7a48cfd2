import { describe, invalidOption } from '../../errors/options.ts';

/** Limits for unpacking an archive. */
export interface ArchiveLimits {
  /**
   * Maximum size of all files together once unpacked, in bytes.
   *
   * @default 524_288_000, which is 500 MiB
   */
  readonly maxBytes?: number | undefined;
  /**
   * Maximum ratio of this size to the size of the archive; 0 for no limit.
   *
   * @default 10
   */
  readonly maxRatio?: number | undefined;
  /**
   * Maximum number of entries.
   *
   * @default 10_000
   */
  readonly maxEntries?: number | undefined;
}

export const limitNames: readonly string[] = ['maxBytes', 'maxEntries', 'maxRatio'];

export type ResolvedLimits = Readonly<Record<'maxBytes' | 'maxEntries' | 'maxRatio', number>>;

/** The defaults are those of the Rust tool. */
export function resolveLimits(place: string, limits: ArchiveLimits): ResolvedLimits {
  const resolved = {
    maxBytes: limits.maxBytes ?? 500 * 1024 * 1024,
    maxRatio: limits.maxRatio ?? 10,
    maxEntries: limits.maxEntries ?? 10_000,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === 'number' && value >= 0) continue;
    throw invalidOption(
      `Option "${name}" of ${place} must be a number from 0 up, got ${describe(value)}`,
      value,
      'number',
    );
  }
  return resolved;
}
