import { join } from 'node:path';
import type { ErrorCode } from '../../errors/codes.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { checkOptionNames, checkSignal } from '../../errors/options.ts';
import { SignatureError } from '../../errors/package-errors.ts';
import { readForeignHead } from '../../files/open-foreign-file.ts';
import { digestPackage } from '../digest/package-digest.ts';
import { type Manifest, readManifest } from '../manifest/manifest.ts';
import { requireManifest } from '../manifest/manifest-text.ts';
import { explainMismatch, FolderContent, type Mismatch, type PackageContent } from './explain-mismatch.ts';
import { signatureBytes, signatureFileName } from './signature-files.ts';
import { Trust, type TrustOptions, trustOptionNames } from './trust.ts';
import { nameOf, type TrustedKey } from './trust-store.ts';

/** The trusted keys, and what the package must be. */
export interface VerifyOptions extends TrustOptions {
  /**
   * The name that the package must have.
   *
   * @default any
   */
  readonly name?: string | undefined;
  /**
   * The version that the package must have, as its manifest writes it.
   *
   * @default any
   */
  readonly version?: string | undefined;
  /**
   * Cancels the operation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
}

/** A package whose signature fits a trusted key. */
export interface VerifiedPackage {
  /** What the package says it is: a signature is for this name and this version, and for no other. */
  readonly manifest: Manifest;
  /** What was signed: 32 bytes, see `digestPackage()`. */
  readonly digest: Buffer;
  /** The trusted key that made the signature. */
  readonly signedBy: TrustedKey;
}

/**
 * Checks that a folder is exactly what a trusted key signed.
 *
 * It says so of the bytes that were read just now. A host that goes on to run them takes them from the package store, where
 * no other user can change them in between.
 *
 * @throws SignatureError `FIDIUS_SIGNATURE_MISSING`, `FIDIUS_SIGNATURE_INVALID`, `FIDIUS_SIGNATURE_KEY_EXPIRED`,
 * `FIDIUS_SIGNATURE_KEY_REVOKED`, `FIDIUS_SIGNATURE_KEY_SCOPE`; FidiusError `FIDIUS_PACKAGE_UNEXPECTED`; ManifestError; FidiusError
 * `FIDIUS_MANIFEST_NOT_FOUND`: a folder without a manifest is not a package; and what `digestPackage()` throws.
 */
export async function verifyPackage(dir: string, options: VerifyOptions): Promise<VerifiedPackage> {
  checkOptionNames('verifyPackage()', options, [...trustOptionNames, 'name', 'signal', 'version']);
  checkSignal(options.signal, 'verifyPackage()');
  const trust = new Trust(options);
  await requireManifest(dir, 'verify');
  const signature = await readSignature(dir);
  requireSignature(dir, signature, trust);
  const manifest = readManifest(dir);
  const digest = await digestPackage(dir, { signal: options.signal });
  const content = new FolderContent(dir, { signal: options.signal });
  const signedBy = await requireTrusted(dir, { content, digest, signature, trust, name: manifest.name });
  requireExpected(dir, manifest, options);
  return { manifest, digest, signedBy };
}

/**
 * Rejects a package whose name or version differs from the expected one, even if its signature is valid.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_UNEXPECTED`
 */
export function requireExpected(
  origin: string,
  manifest: Pick<Manifest, 'name' | 'version'>,
  expected: { readonly name?: string | undefined; readonly version?: string | undefined },
): void {
  for (const field of ['name', 'version'] as const) {
    const wanted = expected[field];
    if (wanted === undefined || wanted === manifest[field]) continue;
    const message = `Package ${origin} is "${manifest.name}" ${manifest.version}, expected ${field} "${wanted}"`;
    throw new FidiusError('FIDIUS_PACKAGE_UNEXPECTED', message, {
      hint: 'Get the expected package, or correct the expected name or version.',
    });
  }
}

/**
 * The bytes of `package.sig`, at most one more than a signature has; `undefined` if the package is not signed.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_UNREADABLE`, also when it is a link: that could lead out of the package.
 */
export async function readSignature(dir: string): Promise<Buffer | undefined> {
  const path = join(dir, signatureFileName);
  try {
    return readForeignHead(path, { links: 'refuse', bytes: signatureBytes + 1 });
  } catch (cause) {
    if (ioCode(cause) === 'ENOENT') return undefined;
    throw new FidiusError('FIDIUS_PACKAGE_UNREADABLE', `Cannot read ${path}: ${messageOf(cause)}`, {
      cause,
      hint: ioHint(cause),
    });
  }
}

/**
 * Checks a signature over a known digest.
 *
 * @param origin the path for messages: a folder or an archive.
 * @param subject `content` reads the files again, to determine which of them differ.
 * @throws SignatureError
 */
export async function requireTrusted(
  origin: string,
  subject: {
    readonly content: PackageContent;
    readonly digest: Buffer;
    readonly signature: Buffer | undefined;
    readonly trust: Trust;
    /** As the manifest gives it. */
    readonly name: string;
  },
): Promise<TrustedKey> {
  const { content, digest, signature, trust, name } = subject;
  requireSignature(origin, signature, trust);
  const checked = trust.check(digest, signature, { name });
  switch (checked.verdict) {
    case 'trusted':
      return checked.key;
    case 'expired':
      throw failure('FIDIUS_SIGNATURE_KEY_EXPIRED', origin, trust, {
        problem: `it was signed with ${nameOf(checked.key)}, which is trusted until ${checked.notAfter.toISOString()}`,
        hint: 'Ask the author for a package that is signed with a newer key.',
      });
    case 'revoked':
      throw failure('FIDIUS_SIGNATURE_KEY_REVOKED', origin, trust, {
        problem: `it was signed with ${nameOf(checked.key)}, which is revoked: ${checked.reason}`,
        hint: 'Ask the author for a package that is signed with another key.',
      });
    case 'out of scope':
      throw failure('FIDIUS_SIGNATURE_KEY_SCOPE', origin, trust, {
        problem: `it was signed with ${nameOf(checked.key)}, which may sign only ${checked.packages.join(', ')}, not "${name}"`,
        hint: 'Get the package from its author, or add its name to `packages` of the key in the trust store.',
      });
    case 'unknown':
      throw failure('FIDIUS_SIGNATURE_INVALID', origin, trust, await explainMismatch(content, signature, trust));
  }
}

/**
 * Rejects a package without a signature of the right length. Call it before expensive operations.
 *
 * @throws SignatureError
 */
export function requireSignature(
  origin: string,
  signature: Buffer | undefined,
  trust: Trust,
): asserts signature is Buffer {
  if (signature === undefined) throw missing(origin, trust);
  if (signature.length === signatureBytes) return;
  throw failure('FIDIUS_SIGNATURE_INVALID', origin, trust, {
    problem: `${signatureFileName} has ${signature.length > signatureBytes ? 'more' : 'fewer'} than ${signatureBytes} bytes`,
    hint: 'Get the package from its author again.',
  });
}

function missing(origin: string, trust: Trust): SignatureError {
  return failure('FIDIUS_SIGNATURE_MISSING', origin, trust, {
    problem: `it has no ${signatureFileName}`,
    hint: 'Sign the package, or load it without requiring a signature if you trust its origin.',
  });
}

/** The number of files of a package is untrusted. Errors are logged and forwarded, so that the list is limited. */
const mostDifferences = 32;

function failure(code: ErrorCode, origin: string, trust: Trust, why: Mismatch): SignatureError {
  const keys = trust.keys.map(({ name, key }) => ({ name, id: key.id }));
  const { differences } = why;
  const named = differences?.slice(0, mostDifferences);
  const moreDifferences = (differences?.length ?? 0) - (named?.length ?? 0);
  const data = { package: origin, keys, differences: named, moreDifferences };
  return new SignatureError(code, `Cannot trust package ${origin}: ${why.problem}`, data, why.hint);
}

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
