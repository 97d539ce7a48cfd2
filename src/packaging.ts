/** The entry `fidius/packaging`: packing, signing, verifying, keys, trust, vendoring, the store, stubs. Re-exports, nothing else. */

import './errors/require-node.ts';

export { generateHostStub } from './contract/python-stub/create-host-stub.ts';
export { generatePythonStub } from './contract/python-stub/create-python-stub.ts';
export type { ArchiveLimits } from './packaging/archive/limits.ts';
export { type PackedPackage, type PackOptions, packPackage } from './packaging/archive/pack-package.ts';
export { type ArchiveManifestOptions, readArchiveManifest } from './packaging/archive/read-archive.ts';
export {
  type UnpackedPackage,
  type UnpackOptions,
  type UnpackPackageOptions,
  type UnpackProgress,
  unpackPackage,
} from './packaging/archive/unpack-package.ts';
export type { PackProgress } from './packaging/archive/write-archive.ts';
export { type DigestOptions, digestPackage } from './packaging/digest/package-digest.ts';
export {
  type DiscoverOptions,
  type Discovery,
  type DuplicateName,
  discoverPackages,
  type FoundPackage,
  type SkippedPackage,
} from './packaging/discover-packages.ts';
export type { ByteCodePolicy } from './packaging/files/byte-code.ts';
export {
  type Manifest,
  type ManifestHeader,
  type ManifestOptions,
  type PythonManifest,
  type RustManifest,
  readManifest,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
  type WasmManifest,
} from './packaging/manifest/manifest.ts';
export {
  type GenerateKeyPairOptions,
  generateKeyPair,
  type KeyPairFiles,
  readPublicKey,
  readSecretKey,
} from './packaging/signing/key-files.ts';
export { type KeyInput, PublicKey, SecretKey } from './packaging/signing/keys.ts';
export {
  type PackedSignature,
  type SignedPackage,
  type SignOptions,
  signPackage,
} from './packaging/signing/sign-package.ts';
export type { TrustOptions } from './packaging/signing/trust.ts';
export { readTrustStore, type TrustedKey, type TrustStore } from './packaging/signing/trust-store.ts';
export { type VerifiedPackage, type VerifyOptions, verifyPackage } from './packaging/signing/verify-package.ts';
export { PackageStore, type StoredPackage, type StoreOptions } from './packaging/store/package-store.ts';
export type { Distribution, VendoredDistribution } from './packaging/vendor/distributions.ts';
export type { InstallerName } from './packaging/vendor/install/installer.ts';
export type { VendorConflict } from './packaging/vendor/vendor-conflicts.ts';
export { type VendorOptions, type VendorOutcome, vendorDependencies } from './packaging/vendor/vendor-dependencies.ts';
export type { VendorProgress } from './packaging/vendor/vendor-progress.ts';
