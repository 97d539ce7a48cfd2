/** The entry `fidius`: interfaces, hosts, plugins, errors. Re-exports, nothing else. */

import './errors/require-node.ts';

export type { InterfaceDescriptor, MethodDescriptor } from './codec/descriptor.ts';
export type { ItemArrays, NdArray, TypedArray } from './codec/pickle/pickle-globals.ts';
export type {
  AllEqual as HasEqualInputs,
  ArgumentGroup,
  ArgumentGroups,
  ArgumentInput,
  ArgumentTuple,
  ArgumentType,
  Both as UnionToIntersection,
  HasSeveral as HasSeveralNames,
  OneWayToRead as UnambiguousArguments,
  Repeat as RepeatedTuple,
} from './contract/argument-types.ts';
export type {
  Answer as ClientReturn,
  Call as ClientFunction,
  CallOptions,
  CallOptionsOf,
  CallProgress,
  Client,
  Functions as ClientFunctions,
  ItemStream,
  MethodName,
  MethodsOf,
  Side as ClientSide,
  StreamOptions,
  SyncCallOptions,
  SyncClient,
  SyncItemStream,
  Value as ClientValue,
} from './contract/client/client-types.ts';
export type { ConfigOf, ConfigOption } from './contract/config.ts';
export type { DocOptions, Metadata } from './contract/definition.ts';
export {
  defineHostInterface,
  type HostAnswer,
  type HostArguments,
  type HostCall,
  type HostFunctions,
  type HostImplementation,
  type HostInterface,
  type HostInterfaceOptions,
  type HostValue,
  isHostInterface,
} from './contract/host-interface.ts';
export {
  type ConfigType,
  defineInterface,
  type Interface,
  type InterfaceMethod,
  type InterfaceOptions,
  isInterface,
  type Methods,
} from './contract/interface.ts';
export { type InterfaceSchema, jsonSchema, type MethodSchema } from './contract/json-schema/interface-schema.ts';
export type { JsonSchema } from './contract/json-schema/type-schemas.ts';
export { fromJson, type JsonValue, type ToJsonOptions, toJson } from './contract/json-value.ts';
export {
  type Argument as MethodArgument,
  type IsOptional as IsOptionalMethod,
  type Method,
  type MethodBuilder,
  type MethodOptions,
  method,
  type RawBytes as RawMethodBytes,
  type RawReturn as RawMethodReturnType,
  type ReturnType as MethodReturnType,
} from './contract/method.ts';
export type { ResultType, StreamType } from './contract/result-and-stream.ts';
export { type MapBuilder, type TypeBuilders, t } from './contract/t.ts';
export type { AnyType, Fields, InputOf, OutputOf, Type, TypeShape } from './contract/type.ts';
export type { EnumInput, EnumOutput, VariantInput, VariantOutput, Variants } from './contract/types/enum.ts';
export type { MapType } from './contract/types/map.ts';
export type {
  Dtype,
  NdArrayInput,
  NdArrayItems,
  NdArrayOf,
  NdArrayOutput,
  NestedNumbers,
} from './contract/types/ndarray.ts';
export type { BytesInput } from './contract/types/scalar.ts';
export type { ListInput, NumberArray } from './contract/types/sequence.ts';
export type { StructInput, StructOutput } from './contract/types/struct.ts';
export type { PythonPluginHandle, SyncOptions } from './cpython/call/python-plugin-handle.ts';
export type { StartOptions } from './cpython/lifecycle/start.ts';
export { type CallEndData, type CallEnding, CallTimeoutError } from './errors/call-timeout-error.ts';
export { type ErrorCode, errorCodes } from './errors/codes.ts';
export {
  type CallPlace,
  FidiusError,
  type FidiusErrorOptions,
  FidiusRangeError,
  FidiusTypeError,
  isFidiusError,
} from './errors/fidius-error.ts';
export {
  type CodePlace,
  InterfaceHashMismatchError,
  LoadError,
  type LoadPhase,
  type LoadPlace,
  type LoadStand,
  type LoadStand as LoadTimeoutDetails,
  LoadTimeoutError,
} from './errors/load-error.ts';
export {
  ArchiveError,
  type FileDifference,
  ManifestError,
  type ManifestIssue,
  SignatureError,
  type SignatureErrorData,
  type TriedKey,
} from './errors/package-errors.ts';
export { isPluginError, PluginError, type PluginErrorData } from './errors/plugin-error.ts';
export { ProcessError, type ProcessErrorData } from './errors/process-error.ts';
export { type Attempt, PythonNotFoundError } from './errors/python-not-found-error.ts';
export type { CallEvent, CallOutcome } from './executor/call-events.ts';
export {
  type CloseOptions,
  type ExecutorChoice,
  type ExecutorName,
  type ExecutorStats,
  executorChoices,
  executorNames,
  type LoadOptions,
  type PluginStats,
} from './executor/executor.ts';
export type { ExecutorOptions, TraceContext } from './executor/executor-options.ts';
export type { OutputEvent, OutputListener } from './executor/output.ts';
export type { ProcessEvent, ProcessNotice } from './executor/process/process-events.ts';
export type {
  ProcessLimits,
  ProcessOptions,
  RecycleOptions,
  RestartOptions,
} from './executor/process/process-options.ts';
export type { ProcessStats } from './executor/process/process-stats.ts';
export type { ProcessState } from './executor/process/supervisor.ts';
export type { Notice, NoticeKind, NoticeListener } from './executor/process-change.ts';
export type { ArgumentNotice } from './host/events/argument-notice.ts';
export type { HostNotice, HostNoticeListener, VendorNotice } from './host/events/host-notice.ts';
export type { LoadEvent } from './host/events/load-channel.ts';
export type {
  HostLoadAllOptions,
  HostLoadOptions,
  HostOptions,
  HostStats,
  LoadArguments,
  LoadedPlugins,
  ProvideOption,
} from './host/host-options.ts';
export type { LoadFailure } from './host/load/load-all.ts';
export type { LoadProgress, LoadProgressListener } from './host/load/load-budget.ts';
export { loadPythonPlugin } from './host/load/load-python-plugin.ts';
export type { HostDiscovery } from './host/load/select-packages.ts';
export type { ExternalImport, ExternalImports, Plugin, PluginInfo } from './host/plugin.ts';
export { PluginHost } from './host/plugin-host.ts';
export type { PolicyOptions } from './host/policy/package-policy.ts';
export type { ReloadNotice } from './host/reload/hot-reload.ts';
export type { ArchiveLimits } from './packaging/archive/limits.ts';
export type {
  DiscoverOptions,
  Discovery,
  DuplicateName,
  FoundPackage,
  SkippedPackage,
} from './packaging/discover-packages.ts';
export type {
  Manifest,
  ManifestHeader,
  PythonManifest,
  RustManifest,
  WasmManifest,
} from './packaging/manifest/manifest.ts';
export type { KeyInput, PublicKey } from './packaging/signing/keys.ts';
export type { TrustOptions } from './packaging/signing/trust.ts';
export type { TrustedKey, TrustStore } from './packaging/signing/trust-store.ts';
export type { Distribution } from './packaging/vendor/distributions.ts';
export type { VendorConflict } from './packaging/vendor/vendor-conflicts.ts';
export type { MethodKind } from './protocol/load-outcome.ts';
