import { isRustName } from '../contract/hash/rust-source.ts';
import type { Interface } from '../contract/interface.ts';
import { LoadError } from '../errors/load-error.ts';
import type { Manifest } from '../packaging/manifest/manifest.ts';

/**
 * Compares what a manifest says of its interface with the interface asked for: before any code of the package runs, and in
 * words where the hash has only numbers.
 *
 * The name may be an alias of the interface: then, too, the hash in the entry module decides.
 *
 * A package for an earlier version passes if the interface itself tells that nothing but optional methods came since:
 * for every version in between it has one with that `since`.
 *
 * @throws LoadError `FIDIUS_INTERFACE_NAME_MISMATCH`, `FIDIUS_INTERFACE_VERSION_MISMATCH`.
 */
export function checkInterface(path: string, manifest: Manifest, definition: Interface): void {
  const place = { path, interface: definition.name };
  // An interface that another copy of this library has made may know no aliases.
  const { aliases }: { readonly aliases?: readonly string[] | undefined } = definition;
  if (manifest.interface !== definition.name && aliases?.includes(manifest.interface) !== true) {
    throw new LoadError(
      'FIDIUS_INTERFACE_NAME_MISMATCH',
      `it is for the interface ${manifest.interface}, the host asks for ${definition.name}`,
      place,
      { hint: mismatchHint(manifest.interface) },
    );
  }
  if (isCompatible(manifest.interfaceVersion, definition)) return;
  throw new LoadError(
    'FIDIUS_INTERFACE_VERSION_MISMATCH',
    `it is for version ${manifest.interfaceVersion} of ${definition.name}, the host asks for version ${definition.version}`,
    place,
    { hint: 'Load a package for that version, or correct `interface_version` in package.toml.' },
  );
}

function mismatchHint(found: string): string {
  const usual = 'Load another package, or correct `interface` in package.toml.';
  if (isRustName(found)) return usual;
  return `${usual} If ${found} is the crate of the interface, list it in \`aliases\` of defineInterface().`;
}

function isCompatible(offered: number, { version, methods }: Interface): boolean {
  if (offered >= version) return offered === version;
  const steps = new Set(methods.filter(({ optional }) => optional).map(({ since }) => since));
  // Never more steps than optional methods: a version may be any number up to 4294967295.
  if (version - offered > steps.size) return false;
  return Array.from({ length: version - offered }, (_, step) => version - step).every((each) => steps.has(each));
}
