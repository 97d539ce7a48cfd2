import type { ArchiveLimits } from '../packaging/archive/limits.ts';
import type { TrustOptions } from '../packaging/signing/trust.ts';
import type { HintReplacements } from './define-command.ts';
import type { OptionDefinitions } from './parse-arguments.ts';

// Options of more than one command, each with the function that turns its values into options of the library.

/** The Python of a command that starts it. */
export const pythonOptions = {
  python: { type: 'string', value: 'path', help: 'Use this interpreter or virtual environment' },
  libpython: { type: 'string', value: 'path', help: 'Use this Python shared library' },
} as const satisfies OptionDefinitions;

/** Handling of compiled Python code in a package that is signed. */
export const byteCodeOptions = {
  'byte-code': {
    type: 'string',
    value: 'what',
    choices: ['refuse', 'remove', 'keep'],
    help: 'Handling of __pycache__ folders: refuse (default), remove, keep',
  },
} as const satisfies OptionDefinitions;

/** The hint that names {@link byteCodeOptions}. */
export const byteCodeHints: HintReplacements = {
  FIDIUS_PACKAGE_BYTE_CODE: 'Delete its `__pycache__` folders, or use --byte-code remove.',
};

/** The keys that a command trusts. */
export const trustOptions = {
  key: { type: 'path', multiple: true, value: 'file', help: 'Trust this public key; may be repeated' },
  trust: { type: 'path', value: 'path', help: 'Trust the keys of this trust store (a file or a folder)' },
} as const satisfies OptionDefinitions;

interface GivenTrust {
  readonly key: readonly string[];
  readonly trust: string | undefined;
}

/** Whether the command line names a key or a trust store. */
export function namesTrust({ key, trust }: GivenTrust): boolean {
  return key.length > 0 || trust !== undefined;
}

/** @throws FidiusError `FIDIUS_KEY_UNREADABLE`, `FIDIUS_KEY_INVALID`, `FIDIUS_TRUST_UNREADABLE`, `FIDIUS_TRUST_INVALID`. */
export async function readTrust({ key, trust }: GivenTrust): Promise<TrustOptions> {
  const { readPublicKey } = await import('../packaging/signing/key-files.ts');
  const { readTrustStore } = await import('../packaging/signing/trust-store.ts');
  return {
    trustedKeys: await Promise.all(key.map((file) => readPublicKey(file))),
    trustStore: trust === undefined ? undefined : await readTrustStore(trust),
  };
}

/** Limits for reading an archive. */
export const limitOptions = {
  'max-bytes': {
    type: 'number',
    value: 'number',
    help: 'Maximum total size of the files in bytes (default 524288000)',
  },
  'max-ratio': {
    type: 'number',
    value: 'number',
    help: 'Maximum ratio of that size to the archive; 0 for no limit (default 10)',
  },
  'max-entries': { type: 'number', value: 'number', help: 'Maximum number of entries (default 10000)' },
} as const satisfies OptionDefinitions;

type GivenLimits = { readonly [Name in keyof typeof limitOptions]: number | undefined };

/** The limits as options of the library. */
export function toLimits(given: GivenLimits): ArchiveLimits {
  return { maxBytes: given['max-bytes'], maxRatio: given['max-ratio'], maxEntries: given['max-entries'] };
}

/** Hints that name {@link limitOptions}. */
export const limitHints: HintReplacements = {
  FIDIUS_ARCHIVE_TOO_LARGE: 'Raise --max-bytes, or --max-ratio (0 for no limit), if you trust the archive.',
  FIDIUS_ARCHIVE_TOO_MANY_ENTRIES: 'Raise --max-entries if you trust the archive.',
};
