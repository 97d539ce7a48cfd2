import { resolve } from 'node:path';
import type { TrustOptions } from '../packaging/signing/trust.ts';
import type { OptionSpec } from './command.ts';

/** Whom a command trusts, the same wherever a signature is checked. */
export const trustOptions = {
  key: { type: 'string', multiple: true, value: 'file', help: 'Trust this public key; may be repeated' },
  trust: { type: 'string', value: 'path', help: 'Trust the keys of this trust store (a file or a folder)' },
} as const satisfies Record<string, OptionSpec>;

interface GivenTrust {
  readonly key: readonly string[] | undefined;
  readonly trust: string | undefined;
}

/** Whether anybody was named. */
export function namesTrust({ key, trust }: GivenTrust): boolean {
  return key !== undefined || trust !== undefined;
}

/** @throws FidiusError `FIDIUS_KEY_UNREADABLE`, `FIDIUS_KEY_INVALID`, `FIDIUS_TRUST_UNREADABLE`, `FIDIUS_TRUST_INVALID`. */
export async function readTrust({ key = [], trust }: GivenTrust, cwd: string): Promise<TrustOptions> {
  const { readPublicKey } = await import('../packaging/signing/key-files.ts');
  const { readTrustStore } = await import('../packaging/signing/trust-store.ts');
  return {
    trustedKeys: await Promise.all(key.map((file) => readPublicKey(resolve(cwd, file)))),
    trustStore: trust === undefined ? undefined : await readTrustStore(resolve(cwd, trust)),
  };
}
