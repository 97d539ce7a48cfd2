import { join, resolve } from 'node:path';
import type { Interface } from '../../../contract/interface.ts';
import { FidiusError } from '../../../errors/fidius-error.ts';
import type { BundleParts } from '../../../mcp/bundle/mcp-bundle.ts';
import type { PackageFile } from '../../../packaging/files/package-files.ts';
import type { Manifest, PythonManifest } from '../../../packaging/manifest/manifest.ts';
import { defineCommand } from '../../define-command.ts';
import { ownFolder } from '../../help.ts';
import { importNamedInterface } from '../../import-interface.ts';
import { inFolderOf } from '../../output/make-folder.ts';
import { warn } from '../../output/messages.ts';
import { type ProgressContext, withProgress } from '../../output/progress.ts';
import { formatSize } from '../../output/text.ts';
import { type OptionDefinitions, type ParsedArguments, UsageError } from '../../parse-arguments.ts';
import { byteCodeHints, byteCodeOptions } from '../../shared-options.ts';
import { buildWarnings, toVendorOptions, vendorHints, vendorOptions } from './vendor-options.ts';

const options = {
  mcpb: { type: 'boolean', help: 'Write an MCP bundle (.mcpb), the only format so far' },
  interface: {
    type: 'string',
    value: 'module',
    required: true,
    help: 'Take the types of the methods from the interface of this module',
  },
  output: { type: 'string', value: 'path', help: 'Output file (default: <name>-<version>.mcpb in the current folder)' },
  author: { type: 'string', value: 'name', help: 'Name of the author (default: author in [metadata])' },
  description: { type: 'string', value: 'text', help: 'Description (default: description in [metadata], or the doc)' },
  ...byteCodeOptions,
  ...vendorOptions,
} as const satisfies OptionDefinitions;

type Given = ParsedArguments<typeof options, Record<never, never>>['options'];

/** `fidius package export`: writes a package, a server and what both need as one file for MCP clients. */
export const packageExport = defineCommand({
  name: 'package export',
  summary: 'Write a package as an MCP bundle, with its dependencies and a server',
  arguments: { dir: {} },
  options,
  json: true,
  hints: { ...byteCodeHints, ...vendorHints },
  examples: ['fidius package export my-greeter --mcpb --interface greeter.ts --author "Ada Lovelace"'],
  async run({ options: given, args: { dir } }, io) {
    if (!given.mcpb) throw new UsageError('fidius package export needs --mcpb, the only format so far', 'Add --mcpb.');
    const path = resolve(io.cwd, dir);
    const { readManifest } = await import('../../../packaging/manifest/manifest.ts');
    const { vendorDependencies } = await import('../../../packaging/vendor/vendor-dependencies.ts');
    const { definition } = await importNamedInterface(given.interface, io.cwd);
    const manifest = requireExportable(readManifest(path), definition);
    const facts = { author: authorOf(manifest, given), description: descriptionOf(manifest, definition, given) };
    const output = resolve(io.cwd, given.output ?? `${manifest.name}-${manifest.version}.mcpb`);
    const vendorOptionsOf = await toVendorOptions(path, given, false, io);

    const write = async ({ report, signal }: ProgressContext) => {
      report({ step: 'vendoring' });
      const vendored = await vendorDependencies(path, { ...vendorOptionsOf, signal });
      const parts = await readParts(path, { manifest, definition, ...facts }, given['byte-code'] ?? 'refuse');
      report({ step: 'writing' });
      return { vendored, ...(await writeBundle(output, parts)) };
    };
    const written = await inFolderOf(output, () => withProgress(io, `Exporting ${dir}`, write));
    for (const warning of buildWarnings(written.vendored)) warn(io, warning);
    const { bytes, files, python, platform = null } = written;
    return {
      record: { bundle: output, name: manifest.name, version: manifest.version, bytes, files, python, platform },
      isReport: true,
      text: `Exported: ${output} (${formatSize(bytes)}), for Python ${python}${platform === null ? '' : ` on ${platform}`}\n`,
    };
  },
});

async function readParts(
  path: string,
  facts: Pick<BundleParts, 'manifest' | 'definition' | 'author' | 'description'>,
  byteCode: 'keep' | 'refuse' | 'remove',
): Promise<BundleParts> {
  const { listPackageFiles } = await import('../../../packaging/files/package-files.ts');
  const { applyByteCodePolicy } = await import('../../../packaging/files/byte-code.ts');
  const { readVendorRecord, vendorFolder } = await import('../../../packaging/vendor/distributions.ts');
  const listed = await listPackageFiles(path, { signatures: 'exclude' });
  const files = await applyByteCodePolicy(path, listed, byteCode);
  await requirePortableNames(files);
  const vendored = readVendorRecord(join(path, vendorFolder));
  return { ...facts, files, vendored, platform: process.platform, own: ownFolder() };
}

async function writeBundle(output: string, parts: BundleParts) {
  const { bundleEntries, compatibilityOf, withModes } = await import('../../../mcp/bundle/mcp-bundle.ts');
  const { writeZip, ZipTooLarge } = await import('../../../mcp/bundle/zip.ts');
  const { replaceFile } = await import('../../../packaging/files/replace-file.ts');
  const compatibility = compatibilityOf(parts);
  const entries = await withModes(bundleEntries(parts, compatibility), parts.files);
  try {
    const bytes = await replaceFile(output, async (handle) => writeZip(handle, entries));
    return { bytes, files: entries.length, ...compatibility };
  } catch (cause) {
    if (!(cause instanceof ZipTooLarge)) throw cause;
    throw unsupported(
      `it would be larger than 4 GiB, or have too many files (${cause.message})`,
      'Leave out large files.',
    );
  }
}

function requireExportable(manifest: Manifest, definition: Interface): PythonManifest {
  if (manifest.runtime !== 'python') {
    throw unsupported(
      `${manifest.name} is a package of the runtime ${manifest.runtime}`,
      'Export a package whose runtime is python.',
    );
  }
  const { name, interface: wanted } = manifest;
  if (definition.name === wanted || definition.aliases.includes(wanted)) return manifest;
  throw new FidiusError('FIDIUS_CLI_INTERFACE', `${name} implements ${wanted}; the interface is ${definition.name}`, {
    hint: `Name the module that exports ${wanted} with --interface.`,
  });
}

/** @throws FidiusError `FIDIUS_MCPB_UNSUPPORTED` for a path that Windows or macOS cannot unpack. */
async function requirePortableNames(files: readonly PackageFile[]): Promise<void> {
  const { EntryNames, splitEntryPath } = await import('../../../packaging/archive/entry-path.ts');
  const names = new EntryNames();
  for (const { path } of files) {
    const parts = splitEntryPath(path);
    if ('code' in parts) throw unsupported(`${JSON.stringify(path)}: ${parts.problem}`, 'Rename the file.');
    const other = names.add(parts, false);
    if (other === undefined) continue;
    throw unsupported(`some systems take ${JSON.stringify(path)} for ${JSON.stringify(other)}`, 'Rename one of them.');
  }
}

function unsupported(reason: string, hint: string): FidiusError {
  return new FidiusError('FIDIUS_MCPB_UNSUPPORTED', `A bundle cannot hold this: ${reason}`, { hint });
}

function authorOf({ name, metadata }: PythonManifest, { author }: Given): string {
  const found = author ?? textOf(metadata, 'author');
  if (found !== undefined) return found;
  throw new UsageError(
    `fidius package export needs the author of ${name}, which every bundle names`,
    'Add --author <name>, or author = "…" in [metadata] of package.toml.',
  );
}

function descriptionOf({ name, metadata }: PythonManifest, { doc }: Interface, { description }: Given): string {
  return description ?? textOf(metadata, 'description') ?? doc?.trim() ?? `The methods of ${name} as tools.`;
}

function textOf(metadata: unknown, key: string): string | undefined {
  const value =
    typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>)[key] : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
