import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { LoadError } from '../errors/load-error.ts';
import type { HostInterfaceRecord, ProvidedFunctions } from './host-functions.ts';

/** A package to load, and the interface that it must implement. */
export interface PackageSource {
  /** Name of the package, used in errors and events. */
  readonly plugin: string;
  /** Folder of the package. It is added to `sys.path` unchanged: neither resolved nor made absolute. */
  readonly folder: string;
  /** The path that errors name if it is not the folder, such as the archive that was unpacked. */
  readonly origin?: string | undefined;
  /** Dotted name of the module that contains the methods. */
  readonly entryModule: string;
  readonly descriptor: InterfaceDescriptor;
  /** Whether the package must not import external modules. Default: `false`. */
  readonly refuseExternal?: boolean | undefined;
  /** Encoded configuration for `__fidius_configure__()`; `undefined`: the functions of the module are called. */
  readonly config?: Uint8Array | undefined;
  /** Functions of the host that the plugin may call; `undefined`: none. */
  readonly hostFunctions?: ProvidedFunctions | undefined;
}

/** How the calls of a plugin are run. */
interface LoadLimits {
  /** Maximum number of calls that run at the same time; `null` for the default of the server. */
  readonly maxConcurrent: number | null;
}

/** A method of the interface, as a load request describes it. */
interface MethodRecord {
  readonly name: string;
  readonly optional: boolean;
  /** Whether its payloads are bytes without encoding. */
  readonly raw: boolean;
  /** Whether it takes a stream. */
  readonly streamIn: boolean;
  /** Whether it returns a stream. */
  readonly streamOut: boolean;
}

/**
 * A load request as it is sent. `runtime/fidius_host/plugins/loading.py` reads it; the call server reads `plugin`, `limits`
 * and `ownThread` itself.
 */
interface LoadRecord {
  readonly plugin: string;
  readonly folder: string;
  readonly entryModule: string;
  readonly interfaceHash: bigint;
  readonly methods: readonly MethodRecord[];
  readonly refuseExternal: boolean;
  readonly limits: LoadLimits;
  /** Whether the import and all calls run on one thread of the plugin. */
  readonly ownThread: boolean;
  /** Encoded configuration of the plugin; `null` if it is not configured. */
  readonly config: Uint8Array | null;
  /** Interfaces whose functions the plugin may call, and what identifies it then; `null` if there are none. */
  readonly hostFunctions: { readonly key: number; readonly interfaces: readonly HostInterfaceRecord[] } | null;
}

/**
 * Converts a load request to the record that is sent.
 *
 * @param hostKey identifies the plugin when it calls functions of the host.
 * @throws {@link LoadError} `FIDIUS_ENTRY_MODULE_INVALID`.
 */
export function toLoadRecord(
  source: PackageSource,
  limits: LoadLimits = { maxConcurrent: null },
  ownThread = false,
  hostKey = 0,
): LoadRecord {
  const { plugin, folder, origin, entryModule, descriptor, refuseExternal = false, config = null } = source;
  if (!dottedName.test(entryModule)) {
    const place = { path: origin ?? folder, interface: descriptor.interfaceName };
    throw new LoadError('FIDIUS_ENTRY_MODULE_INVALID', `${JSON.stringify(entryModule)} is not a module name`, place, {
      hint: 'Give [python] entry_module as a dotted Python name, such as "greeter" or "greeter.main".',
    });
  }
  const methods = descriptor.methods.map(({ name, optional = false, wireRaw, streamIn = false, streamOut = false }) => {
    return { name, optional, raw: wireRaw, streamIn, streamOut };
  });
  const { interfaceHash } = descriptor;
  const interfaces = source.hostFunctions?.interfaces;
  const hostFunctions = interfaces === undefined ? null : { key: hostKey, interfaces };
  return {
    plugin,
    folder,
    entryModule,
    interfaceHash,
    methods,
    refuseExternal,
    config,
    limits,
    ownThread,
    hostFunctions,
  };
}

const dottedName = /^[\p{XID_Start}_]\p{XID_Continue}*(\.[\p{XID_Start}_]\p{XID_Continue}*)*$/u;
