import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { type KeyInput, type PublicKey, toPublicKey } from './keys.ts';
import type { TrustedKey, TrustStore } from './trust-store.ts';

/** The keys that a host trusts. Without keys, no signature is trusted. */
export interface TrustOptions {
  /**
   * Public keys whose signatures are accepted, for packages of any name.
   *
   * @default []
   */
  readonly trustedKeys?: readonly (KeyInput | PublicKey)[] | undefined;
  /**
   * More keys, with names, end dates and revocations: the result of `readTrustStore()`.
   *
   * @default no further keys
   */
  readonly trustStore?: TrustStore | undefined;
}

export const trustOptionNames: readonly string[] = ['trustedKeys', 'trustStore'];

/** The result of comparing a signature with the trusted keys. */
export type SignatureVerdict =
  | { readonly verdict: 'trusted'; readonly key: TrustedKey }
  | { readonly verdict: 'expired'; readonly key: TrustedKey; readonly notAfter: Date }
  | { readonly verdict: 'revoked'; readonly key: TrustedKey; readonly reason: string }
  | { readonly verdict: 'out of scope'; readonly key: TrustedKey; readonly packages: readonly string[] }
  | { readonly verdict: 'unknown' };

/** The keys that a host trusts, in the order in which they are tried. */
export class Trust {
  readonly keys: readonly TrustedKey[];
  readonly #revoked: ReadonlyMap<string, string>;

  /** @throws FidiusError `FIDIUS_KEY_INVALID`, `FIDIUS_OPTION_INVALID` */
  constructor(options: TrustOptions) {
    const { trustedKeys = [], trustStore } = options;
    if (!Array.isArray(trustedKeys)) {
      // A single key would otherwise be taken for a list of numbers or letters.
      throw new FidiusTypeError(
        'FIDIUS_OPTION_INVALID',
        `Option "trustedKeys" must be an array of keys, got ${describe(trustedKeys)}`,
      );
    }
    if (trustStore !== undefined && !(Array.isArray(trustStore.keys) && trustStore.revoked instanceof Map)) {
      throw new FidiusTypeError(
        'FIDIUS_OPTION_INVALID',
        `Option "trustStore" must be a trust store, got ${describe(trustStore)}`,
        {
          hint: 'Pass the result of `await readTrustStore(path)`.',
        },
      );
    }
    const passed = trustedKeys.map((key) => ({ name: undefined, key: toPublicKey(key), notAfter: undefined }));
    this.keys = [...passed, ...(trustStore?.keys ?? [])];
    this.#revoked = trustStore?.revoked ?? new Map();
  }

  /**
   * The best that can be said of a signature: the same key may be listed twice, once with an end, or for other packages.
   *
   * @param name that of the package, as its manifest gives it; without one, keys that may sign only some packages are judged
   * as if they might sign it.
   */
  check(
    message: Uint8Array,
    signature: Uint8Array,
    { name, now = new Date() }: { readonly name?: string | undefined; readonly now?: Date } = {},
  ): SignatureVerdict {
    let worse: SignatureVerdict = { verdict: 'unknown' };
    for (const key of this.keys) {
      if (!key.key.verifies(message, signature)) continue;
      const reason = this.#revoked.get(key.key.id);
      if (reason !== undefined) return { verdict: 'revoked', key, reason };
      if (key.packages !== undefined && name !== undefined && !key.packages.some((pattern) => fits(pattern, name))) {
        if (worse.verdict === 'unknown') worse = { verdict: 'out of scope', key, packages: key.packages };
      } else if (key.notAfter === undefined || now <= key.notAfter) return { verdict: 'trusted', key };
      else worse = { verdict: 'expired', key, notAfter: key.notAfter };
    }
    return worse;
  }

  trusts(key: PublicKey): boolean {
    return this.keys.some((trusted) => trusted.key.id === key.id);
  }
}

/** Whether a name fits a pattern, in which `*` stands for any characters. Linear: each part is looked for once, from the left. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
