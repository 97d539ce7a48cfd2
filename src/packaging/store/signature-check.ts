import type { PackageContent } from '../signing/explain-mismatch.ts';
import { Trust, type TrustOptions } from '../signing/trust.ts';
import type { TrustedKey } from '../signing/trust-store.ts';
import { requireSignature, requireTrusted } from '../signing/verify-package.ts';

/** A package whose digest is known. */
export interface SignedContent {
  readonly content: PackageContent;
  readonly digest: Buffer;
  readonly signature: Buffer | undefined;
  /** Name of the package in its manifest. */
  readonly name: string;
}

/** Checks signatures if they are required. Fails early when a key is invalid. */
export class SignatureCheck {
  readonly isRequired: boolean;
  readonly #trust: Trust;

  constructor(options: TrustOptions & { readonly requireSignature?: boolean | undefined }) {
    this.isRequired = options.requireSignature === true;
    this.#trust = new Trust(options);
  }

  requirePresent(origin: string, signature: Buffer | undefined): void {
    if (this.isRequired) requireSignature(origin, signature, this.#trust);
  }

  async verify(origin: string, signed: SignedContent): Promise<TrustedKey | undefined> {
    return this.isRequired ? requireTrusted(origin, { ...signed, trust: this.#trust }) : undefined;
  }
}
