/** The public surface: re-exports, nothing else. */

export type { CallOptions, Client, MethodName, SyncCallOptions, SyncClient } from './contract/client-types.ts';
export {
  defineInterface,
  type Interface,
  type InterfaceMethod,
  type InterfaceOptions,
  isInterface,
} from './contract/interface.ts';
export type { Metadata } from './contract/metadata.ts';
export { type Method, type MethodOptions, method } from './contract/method.ts';
export { createPythonStub } from './contract/python-stub/create-python-stub.ts';
export { t } from './contract/t.ts';
export type { AnyType, InputOf, OutputOf, Type } from './contract/type.ts';
export type { BytesInput } from './contract/types/bytes.ts';
export type { ResultType, StreamType } from './contract/whole-type.ts';
export { ArchiveError } from './errors/archive-error.ts';
export { type ErrorCode, errorCodes } from './errors/codes.ts';
export { FidiusError, type FidiusErrorOptions, isFidiusError } from './errors/fidius-error.ts';
export { InterfaceHashMismatchError, LoadError, type LoadPlace } from './errors/load-error.ts';
export { ManifestError, type ManifestIssue } from './errors/manifest-error.ts';
export { isPluginError, PluginError, type PluginErrorData } from './errors/plugin-error.ts';
export { type Attempt, PythonNotFoundError } from './errors/python-not-found-error.ts';
export { type FileDifference, SignatureError, type TriedKey } from './errors/signature-error.ts';
export type { CallEvent, CallOutcome } from './executor/call-channel.ts';
export type { CloseOptions, ExecutorName, ExecutorStats, PluginStats } from './executor/executor.ts';
export type { Notice, NoticeKind, NoticeListener } from './executor/notice.ts';
export type { OutputEvent, OutputListener } from './executor/output.ts';
export type { LoadEvent } from './host/diagnostics.ts';
export { loadPythonPlugin } from './host/load-python-plugin.ts';
export type { PolicyOptions } from './host/package-policy.ts';
export type { Plugin, PluginInfo } from './host/plugin.ts';
export { type HostLoadOptions, type HostOptions, type HostStats, PluginHost } from './host/plugin-host.ts';
export type { ArchiveLimits } from './packaging/archive/limits.ts';
export { type PackedPackage, type PackOptions, packPackage } from './packaging/archive/pack-package.ts';
export { type UnpackedPackage, type UnpackOptions, unpackPackage } from './packaging/archive/unpack-package.ts';
export { type DigestOptions, packageDigest } from './packaging/digest.ts';
export {
  type Discovery,
  type DuplicateName,
  discoverPackages,
  type FoundPackage,
  type SkippedPackage,
} from './packaging/discover-packages.ts';
export { loadManifest, type Manifest, type ManifestOptions } from './packaging/manifest.ts';
export { readPublicKey, readSecretKey, writeKeyPair } from './packaging/signing/key-files.ts';
export type { KeyInput } from './packaging/signing/key-input.ts';
export { PublicKey } from './packaging/signing/public-key.ts';
export { SecretKey } from './packaging/signing/secret-key.ts';
export { type SignedPackage, type SignOptions, signPackage } from './packaging/signing/sign-package.ts';
export { readTrustStore, type TrustedKey, type TrustStore } from './packaging/signing/trust-store.ts';
export { type VerifiedPackage, type VerifyOptions, verifyPackage } from './packaging/signing/verify-package.ts';
export type { VendorConflict } from './packaging/vendor/vendor-conflicts.ts';
export { type VendorOptions, type VendorOutcome, vendorDependencies } from './packaging/vendor/vendor-dependencies.ts';
export type { PythonPluginHandle } from './python/handle.ts';
export type { StartOptions } from './python/start.ts';
export type { InterfaceDescriptor, MethodDescriptor } from './wire/descriptor.ts';
