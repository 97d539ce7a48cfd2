import { describe, invalidOption } from '../../errors/options.ts';

/** Limits for unpacking an archive. */
export interface ArchiveLimits {
  /** Bytes of all files together once unpacked. Default 500 MiB. */
  readonly maxBytes?: number | undefined;
  /** How many times larger than the archive its files may be, together; 0 for no limit. Default 10. */
  readonly maxRatio?: number | undefined;
  /** Number of entries. Default 10,000. */
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
