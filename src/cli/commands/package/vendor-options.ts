import type { VendorOptions, VendorOutcome } from '../../../packaging/vendor/vendor-dependencies.ts';
import type { CommandIo } from '../../command-io.ts';
import type { HintReplacements } from '../../define-command.ts';
import type { OptionDefinitions, ParsedArguments } from '../../parse-arguments.ts';

/** How the dependencies of a package are vendored. */
export const vendorOptions = {
  python: {
    type: 'string',
    value: 'path',
    help: 'Vendor for this interpreter (default: the one that a host uses)',
  },
  installer: {
    type: 'string',
    value: 'name',
    choices: ['pip', 'uv'],
    help: 'Vendor with pip or uv (default: uv if it is installed)',
  },
  requirements: {
    type: 'path',
    value: 'file',
    help: 'Vendor from this requirements file (default: the one in the manifest)',
  },
  wheels: { type: 'path', value: 'dir', help: 'Vendor only from this folder of wheels' },
  'allow-build': { type: 'boolean', help: 'Allow builds of dependencies, which run code of their authors' },
  constraints: { type: 'path', value: 'file', help: 'File of constraints on the vendored versions' },
  'require-hashes': { type: 'boolean', help: 'Reject requirements without a hash' },
} as const satisfies OptionDefinitions;

/** Hints that name {@link vendorOptions}. */
export const vendorHints: HintReplacements = {
  FIDIUS_VENDOR_BUILD:
    'Provide a wheel, or allow builds with --allow-build if you trust the authors of all dependencies.',
  FIDIUS_VENDOR_NO_INSTALLER:
    'Specify a Python that has pip 22.2 or later with --python, or install uv 0.6.15 or later.',
};

type Given = ParsedArguments<typeof vendorOptions, Record<never, never>>['options'];

/** The options as those of the library. */
export async function toVendorOptions(
  path: string,
  given: Given,
  refresh: boolean | 'changed',
  { cwd, env }: CommandIo,
): Promise<VendorOptions> {
  const { findVendorState } = await import('../../../packaging/vendor/vendor-state.ts');
  const { readManifest } = await import('../../../packaging/manifest/manifest.ts');
  const { requirements } = given;
  const state = { refresh: refresh !== false, requirements };
  const isNeeded = (await findVendorState(path, readManifest(path), state)) === 'needed';
  const { hostInterpreter } = await import('../../../host/host-interpreter.ts');
  return {
    // Only if it is needed: a package without dependencies can be packed without a Python.
    python: isNeeded ? hostInterpreter({ python: given.python, cwd, env }) : undefined,
    installer: given.installer,
    requirements,
    wheels: given.wheels,
    constraints: given.constraints,
    allowBuild: given['allow-build'],
    requireHashes: given['require-hashes'],
    refresh,
  };
}

/** A sentence for each dependency whose author's code ran. */
export function buildWarnings(vendored: VendorOutcome | undefined): readonly string[] {
  const built = vendored?.status === 'vendored' ? vendored.distributions.filter((each) => each.built === true) : [];
  return built.map(({ name, version }) => `${name} ${version} was built from source, which ran code of its author`);
}

/** The names and versions in one line. */
export function listDistributions({ distributions }: VendorOutcome): string {
  return distributions.map(({ name, version }) => `${name} ${version}`).join(', ') || 'nothing';
}
