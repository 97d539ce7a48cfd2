import { basename, resolve } from 'node:path';
import type { PackedPackage, PackOptions } from '../../packaging/archive/pack-package.ts';
import type { VendorOptions } from '../../packaging/vendor/vendor-dependencies.ts';
import type { Command, CommandIo, OptionSpec } from '../command.ts';
import { formatSize } from '../format-size.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = {
  output: { type: 'string', value: 'path', help: 'Where to write it; otherwise <name>-<version>.<extension>, here' },
  key: { type: 'string', value: 'file', help: 'Sign the package with this secret key, after vendoring' },
  'byte-code': {
    type: 'string',
    value: 'what',
    choices: ['refuse', 'remove', 'keep'],
    help: 'What to do about __pycache__ folders: refuse (default), remove, keep',
  },
  'no-vendor': { type: 'boolean', help: 'Do not vendor dependencies' },
  python: {
    type: 'string',
    value: 'path',
    help: 'Vendor for this interpreter; otherwise for the one that a host uses',
  },
  installer: {
    type: 'string',
    value: 'name',
    choices: ['pip', 'uv'],
    help: 'Vendor with pip or uv; otherwise with uv if it is installed',
  },
  wheels: { type: 'string', value: 'dir', help: 'Vendor from this folder of wheels, and from nowhere else' },
  'allow-build': { type: 'boolean', help: 'Vendor also what has to be built, which runs code of its authors' },
  constraints: { type: 'string', value: 'file', help: 'Constraints on the versions that are vendored' },
  'require-hashes': { type: 'boolean', help: 'Reject requirements without a hash' },
  'refresh-vendor': { type: 'boolean', help: 'Vendor again if there is already a vendor folder' },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'package pack', usage: 'fidius package pack <dir> [options]' };

type Given = ReturnType<typeof readArguments<typeof options>>['options'];

/** `fidius package pack`: makes an archive of a package. */
export const packagePack: Command = {
  ...about,
  summary: 'Vendor the dependencies of a package, sign it, and write it as an archive',
  options,
  examples: [
    'fidius package pack my-greeter',
    'fidius package pack my-greeter --key acme.secret --output dist/my-greeter.fid',
    'fidius package pack my-greeter --wheels wheels --require-hashes',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir']);
    const [dir = ''] = positionals;
    const path = resolve(io.cwd, dir);
    const { packPackage } = await import('../../packaging/archive/pack-package.ts');

    const packOptions = await toPackOptions(path, given, io);
    const packed = await withHints(hints, () =>
      withProgress(io, `Packing ${dir}`, ({ report, signal }) =>
        packPackage(path, {
          ...packOptions,
          signal,
          onProgress: ({ files, totalFiles, bytes }) =>
            report(`Packing ${dir}: file ${files} of ${totalFiles}, ${formatSize(bytes)}`),
        }),
      ),
    );
    for (const warning of warningsOf(packed)) io.stderr.write(`warning: ${warning}\n`);
    io.stdout.write(given.json === true ? toJson(factsOf(packed)) : textOf(packed, given));
    return 0;
  },
};

const hints = {
  FIDIUS_PACKAGE_BYTE_CODE: 'Delete its `__pycache__` folders, or have that done by --byte-code remove.',
  FIDIUS_SIGNATURE_STALE: 'Sign it anew with --key; or delete package.sig and package.files.sig.',
  FIDIUS_VENDOR_BUILD:
    'Provide a wheel, or allow builds with --allow-build if you trust the authors of all dependencies.',
  FIDIUS_VENDOR_NO_INSTALLER: 'Name a Python that has pip 22.2 or later with --python, or install uv 0.6.15 or later.',
  FIDIUS_ARCHIVE_OUTPUT_INSIDE: 'Write it elsewhere with --output.',
} as const;

async function toPackOptions(path: string, given: Given, io: CommandIo): Promise<PackOptions> {
  const { loadManifest } = await import('../../packaging/manifest.ts');
  const { archiveFileName } = await import('../../packaging/package-name.ts');
  const { readSecretKey } = await import('../../packaging/signing/key-files.ts');
  return {
    output: resolve(io.cwd, given.output ?? archiveFileName(loadManifest(path))),
    key: given.key === undefined ? undefined : await readSecretKey(resolve(io.cwd, given.key)),
    byteCode: given['byte-code'],
    vendor: given['no-vendor'] === true ? false : await toVendorOptions(path, given, io),
  };
}

async function toVendorOptions(path: string, given: Given, { cwd, env }: CommandIo): Promise<VendorOptions> {
  const { findVendorState } = await import('../../packaging/vendor/vendor-dependencies.ts');
  const { loadManifest } = await import('../../packaging/manifest.ts');
  const refresh = given['refresh-vendor'];
  const isNeeded = (await findVendorState(path, loadManifest(path), { refresh: refresh === true })) === 'needed';
  const { hostInterpreter } = await import('../../host/host-interpreter.ts');
  return {
    // Only if it is needed: a package without dependencies can be packed where there is no Python.
    python: isNeeded ? hostInterpreter({ python: given.python, cwd, env }) : undefined,
    installer: given.installer,
    wheels: given.wheels === undefined ? undefined : resolve(cwd, given.wheels),
    constraints: given.constraints === undefined ? undefined : resolve(cwd, given.constraints),
    allowBuild: given['allow-build'],
    requireHashes: given['require-hashes'],
    refresh,
  };
}

function warningsOf({ signature, uncoveredFiles, remarks, vendored }: PackedPackage): string[] {
  const built = vendored?.status === 'vendored' ? vendored.distributions.filter((each) => each.built === true) : [];
  return [
    ...built.map(({ name, version }) => `${name} ${version} was built from source, which ran code of its author`),
    ...(signature === 'none' ? ['package is unsigned, nothing will tell who made it'] : []),
    ...(signature === 'kept unchecked'
      ? ['package.sig is packed as it was found; nothing tells whether it still fits']
      : []),
    ...uncoveredFiles.map((path) => `${path} is not covered by any signature, because its name ends in .sig`),
    ...remarks,
  ];
}

function factsOf({ archive, manifest, digest, vendored, ...facts }: PackedPackage): object {
  const { name, version } = manifest;
  return { archive, name, version, digest: digest.toString('hex'), vendored, ...facts };
}

function textOf({ archive, archiveBytes, vendored }: PackedPackage, { output }: Given): string {
  const names = vendored?.distributions.map(({ name, version }) => `${name} ${version}`).join(', ');
  const line = vendored?.status === 'vendored' ? `Vendored: ${names || 'nothing'}\n` : '';
  return `${line}Packed: ${output ?? basename(archive)} (${formatSize(archiveBytes)})\n`;
}
