/** The public surface: re-exports, nothing else. */

export type { CallOptions, Client, MethodName, SyncCallOptions, SyncClient } from './contract/client-types.ts';
export type { DocOptions } from './contract/doc.ts';
export {
  defineInterface,
  type Interface,
  type InterfaceMethod,
  type InterfaceOptions,
  isInterface,
  type Methods,
} from './contract/interface.ts';
export type { Metadata } from './contract/metadata.ts';
export {
  type Argument as MethodArgument,
  type Method,
  type MethodOptions,
  method,
  type ReturnType as MethodReturnType,
} from './contract/method.ts';
export type { ArgumentType } from './contract/method-arguments.ts';
export { createPythonStub } from './contract/python-stub/create-python-stub.ts';
export { t } from './contract/t.ts';
export type { AnyType, Fields, InputOf, OutputOf, Type, TypeShape } from './contract/type.ts';
export type { BytesInput } from './contract/types/bytes.ts';
export type { ResultType, StreamType } from './contract/whole-type.ts';
export { ArchiveError } from './errors/archive-error.ts';
export { type ErrorCode, errorCodes } from './errors/codes.ts';
export { FidiusError, type FidiusErrorOptions, isFidiusError } from './errors/fidius-error.ts';
export { InterfaceHashMismatchError, LoadError, type LoadPlace } from './errors/load-error.ts';
export { type CodePlace, type LoadStand, LoadTimeoutError } from './errors/load-timeout-error.ts';
export { ManifestError, type ManifestIssue } from './errors/manifest-error.ts';
export { isPluginError, PluginError, type PluginErrorData } from './errors/plugin-error.ts';
export { type Attempt, PythonNotFoundError } from './errors/python-not-found-error.ts';
export {
  type FileDifference,
  SignatureError,
  type SignatureErrorData,
  type TriedKey,
} from './errors/signature-error.ts';
export type { CallEvent, CallOutcome } from './executor/call-channel.ts';
export type { CloseOptions, ExecutorName, ExecutorStats, LoadOptions, PluginStats } from './executor/executor.ts';
export type { ExecutorOptions } from './executor/executor-options.ts';
export type { Notice, NoticeKind, NoticeListener } from './executor/notice.ts';
export type { OutputEvent, OutputListener } from './executor/output.ts';
export type { LoadEvent } from './host/diagnostics.ts';
export type { HostDiscovery } from './host/host-discovery.ts';
export { loadPythonPlugin } from './host/load-python-plugin.ts';
export type { PolicyOptions } from './host/package-policy.ts';
export type { Plugin, PluginInfo } from './host/plugin.ts';
export { type HostLoadOptions, type HostOptions, type HostStats, PluginHost } from './host/plugin-host.ts';
export type { HostNotice, HostNoticeListener, VendorNotice } from './host/vendor-notice.ts';
export type { UnpackOptions, UnpackProgress } from './packaging/archive/extract-archive.ts';
export type { ArchiveLimits } from './packaging/archive/limits.ts';
export { type PackedPackage, type PackOptions, packPackage } from './packaging/archive/pack-package.ts';
export { type ArchiveManifestOptions, readArchiveManifest } from './packaging/archive/read-archive-manifest.ts';
export type { PackedSignature } from './packaging/archive/settle-signature.ts';
export { type UnpackedPackage, type UnpackPackageOptions, unpackPackage } from './packaging/archive/unpack-package.ts';
export type { PackProgress } from './packaging/archive/write-archive.ts';
export type { ByteCodePolicy } from './packaging/byte-code.ts';
export { type DigestOptions, packageDigest } from './packaging/digest.ts';
export {
  type DiscoverOptions,
  type Discovery,
  type DuplicateName,
  discoverPackages,
  type FoundPackage,
  type SkippedPackage,
} from './packaging/discover-packages.ts';
export {
  loadManifest,
  type Manifest,
  type ManifestOptions,
  type PythonManifest,
  type RustManifest,
  type WasmManifest,
} from './packaging/manifest.ts';
export {
  type KeyPairFiles,
  readPublicKey,
  readSecretKey,
  type WriteKeyPairOptions,
  writeKeyPair,
} from './packaging/signing/key-files.ts';
export type { KeyInput } from './packaging/signing/key-input.ts';
export { PublicKey } from './packaging/signing/public-key.ts';
export { SecretKey } from './packaging/signing/secret-key.ts';
export { type SignedPackage, type SignOptions, signPackage } from './packaging/signing/sign-package.ts';
export type { TrustOptions } from './packaging/signing/trust.ts';
export { readTrustStore, type TrustedKey, type TrustStore } from './packaging/signing/trust-store.ts';
export { type VerifiedPackage, type VerifyOptions, verifyPackage } from './packaging/signing/verify-package.ts';
export type { StandardIssue, StandardResult, StandardSchema } from './packaging/standard-schema.ts';
export { PackageStore, type StoredPackage, type StoreOptions } from './packaging/store/package-store.ts';
export type { Distribution } from './packaging/vendor/distributions.ts';
export type { InstallerName } from './packaging/vendor/installer.ts';
export type { VendorConflict } from './packaging/vendor/vendor-conflicts.ts';
export { type VendorOptions, type VendorOutcome, vendorDependencies } from './packaging/vendor/vendor-dependencies.ts';
export type { VendoredDistribution } from './packaging/vendor/vendor-record.ts';
export type { PythonPluginHandle, SyncOptions } from './python/handle.ts';
export type { MethodKind } from './python/load.ts';
export type { StartOptions } from './python/start.ts';
export type { NdArray, TypedArray } from './wire/crossing.ts';
export type { InterfaceDescriptor, MethodDescriptor } from './wire/descriptor.ts';
