import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import { isRustName } from '../../contract/hash/rust-source.ts';
import type { Interface } from '../../contract/interface.ts';
import { LoadError } from '../../errors/load-error.ts';
import type { LoadRequest } from '../../executor/executor.ts';
import type { Manifest, PythonManifest } from '../../packaging/manifest/manifest.ts';

/** What a manifest is compared with. */
export interface Expectation {
  /** The interface; `undefined`: any interface is accepted. */
  readonly definition?: Interface | undefined;
  /** Name of the interface, for errors. Default: that of the definition, or of the manifest. */
  readonly interfaceName?: string | undefined;
}

/**
 * Checks, before any code of a package runs, that it is a Python plugin for the interface.
 *
 * @throws LoadError `FIDIUS_RUNTIME_NOT_PYTHON`, `FIDIUS_INTERFACE_NAME_MISMATCH`, `FIDIUS_INTERFACE_VERSION_MISMATCH`.
 */
export function checkManifest(
  path: string,
  manifest: Manifest,
  { definition, interfaceName = definition?.name ?? manifest.interface }: Expectation = {},
): asserts manifest is PythonManifest {
  if (manifest.runtime !== 'python') {
    throw new LoadError(
      'FIDIUS_RUNTIME_NOT_PYTHON',
      `it is not a Python plugin, its manifest says runtime = "${manifest.runtime}"`,
      { path, interface: interfaceName },
      { hint: 'Load packages of other runtimes with the Rust host.' },
    );
  }
  if (definition !== undefined) checkInterface(path, manifest, definition);
}

/**
 * Compares the interface in the manifest with the one that the host asks for. The hash in the entry module decides later; the
 * manifest allows for an error that names the interfaces.
 *
 * The name may be an alias of the interface. A package for an earlier version is accepted if only optional methods were added
 * since: the interface has one with the `since` of each version in between.
 */
function checkInterface(path: string, manifest: Manifest, definition: Interface): void {
  const place = { path, interface: definition.name };
  if (!offersInterface(manifest, definition)) {
    throw new LoadError(
      'FIDIUS_INTERFACE_NAME_MISMATCH',
      `it implements the interface ${manifest.interface}, the host expects ${definition.name}`,
      place,
      { hint: mismatchHint(manifest.interface) },
    );
  }
  if (isCompatible(manifest.interfaceVersion, definition)) return;
  throw new LoadError(
    'FIDIUS_INTERFACE_VERSION_MISMATCH',
    `it implements version ${manifest.interfaceVersion} of ${definition.name}, the host expects version ${definition.version}`,
    place,
    { hint: 'Load a package for that version, or correct `interface_version` in package.toml.' },
  );
}

/** Whether a manifest names an interface, by its name or an alias. Its version is not compared. */
export function offersInterface(manifest: Manifest, definition: Interface): boolean {
  // An interface of another copy of this library may lack `aliases`.
  const { aliases }: { readonly aliases?: readonly string[] | undefined } = definition;
  return manifest.interface === definition.name || aliases?.includes(manifest.interface) === true;
}

function mismatchHint(found: string): string {
  const usual = 'Load another package, or correct `interface` in package.toml.';
  if (isRustName(found)) return usual;
  return `${usual} If ${found} is the crate of the interface, list it in \`aliases\` of defineInterface().`;
}

function isCompatible(offered: number, { version, methods }: Interface): boolean {
  if (offered >= version) return offered === version;
  const steps = new Set(methods.filter(({ optional }) => optional).map(({ since }) => since));
  // There are at most as many steps as optional methods, and a version may be any number up to 4294967295.
  if (version - offered > steps.size) return false;
  return Array.from({ length: version - offered }, (_, step) => version - step).every((each) => steps.has(each));
}

/** A package whose manifest was checked. */
interface CheckedPackage {
  /** The path that the user knows it by; errors name it. */
  readonly path: string;
  /** The folder that it runs from. */
  readonly folder: string;
  readonly manifest: PythonManifest;
}

/** The record that an executor, or the interpreter itself, loads a package by. */
export function toLoadRequest(
  { path, folder, manifest }: CheckedPackage,
  descriptor: InterfaceDescriptor,
  limits: Pick<LoadRequest, 'refuseExternal' | 'config' | 'hostFunctions' | 'totalTimeoutMs'> = {},
): LoadRequest {
  const { name: plugin, python } = manifest;
  return { plugin, folder, origin: path, entryModule: python.entryModule, descriptor, ...limits };
}
