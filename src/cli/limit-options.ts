import type { ErrorCode } from '../errors/codes.ts';
import type { ArchiveLimits } from '../packaging/archive/limits.ts';
import type { OptionSpec } from './command.ts';
import { UsageError } from './usage-error.ts';

/** What an archive may cost, the same wherever one is read. */
export const limitOptions = {
  'max-bytes': {
    type: 'string',
    value: 'number',
    help: 'Maximum total size of the files in bytes (default 524288000)',
  },
  'max-ratio': {
    type: 'string',
    value: 'number',
    help: 'Maximum ratio of that size to the archive; 0 for no limit (default 10)',
  },
  'max-entries': { type: 'string', value: 'number', help: 'Maximum number of entries (default 10000)' },
} as const satisfies Record<string, OptionSpec>;

type GivenLimits = { readonly [Name in keyof typeof limitOptions]: string | undefined };

/** @throws {@link UsageError} for what is no number. */
export function readLimits(given: GivenLimits): ArchiveLimits {
  return {
    maxBytes: readNumber('max-bytes', given['max-bytes']),
    maxRatio: readNumber('max-ratio', given['max-ratio']),
    maxEntries: readNumber('max-entries', given['max-entries']),
  };
}

/** Hints that name these options as they are typed. */
export const limitHints: Partial<Readonly<Record<ErrorCode, string>>> = {
  FIDIUS_ARCHIVE_TOO_LARGE: 'Raise --max-bytes, or --max-ratio (0 for no limit), if you trust the archive.',
  FIDIUS_ARCHIVE_TOO_MANY_ENTRIES: 'Raise --max-entries if you trust the archive.',
};

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`--${name} takes a number that is 0 or greater, not ${text}`);
}
