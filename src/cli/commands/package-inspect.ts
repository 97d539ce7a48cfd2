import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { shown } from '../../errors/shown.ts';
import type { ArchiveLimits } from '../../packaging/archive/limits.ts';
import type { Manifest } from '../../packaging/manifest.ts';
import type { Command, OptionSpec } from '../command.ts';
import { type Fact, factsText } from '../facts-text.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = { ...limitOptions, json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package inspect', usage: 'fidius package inspect <package> [options]' };

/** What can be said of a package without running or trusting it. */
interface PackageFacts {
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether dependencies lie in its `vendor` folder. */
  readonly vendored: boolean;
  /** Not known of an archive: it has to be unpacked for that. */
  readonly digest: string | undefined;
  readonly signed: boolean;
  /** The key that the signed list of files names; whether it is genuine shows when the package is verified. */
  readonly signedAs: string | undefined;
}

/** `fidius package inspect`: what a package is, without running any of it. */
export const packageInspect: Command = {
  ...about,
  summary: 'Show what a package, a folder or an archive, says about itself, and whether it is signed',
  options,
  examples: ['fidius package inspect my-greeter', 'fidius package inspect my-greeter-0.1.0.fid --json'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['package']);
    const [typed = ''] = positionals;
    const path = resolve(io.cwd, typed);
    const isArchive = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    const limits = readLimits(given);
    const facts = await withHints(limitHints, () =>
      withProgress(io, `Reading ${typed}`, ({ signal }) =>
        isArchive ? readArchiveFacts(path, limits, signal) : readFacts(path, limits, signal),
      ),
    );
    io.stdout.write(given.json === true ? toJson(facts) : textOf(facts));
    return 0;
  },
};

async function readFacts(path: string, limits: ArchiveLimits, signal: AbortSignal): Promise<PackageFacts> {
  const { loadManifest } = await import('../../packaging/manifest.ts');
  const { readFolderSubject } = await import('../../packaging/audit/audit-subject.ts');
  const { FolderContent } = await import('../../packaging/signing/package-content.ts');

  const manifest = loadManifest(path);
  const { digest, signature } = await readFolderSubject(path, { ...limits, signal });
  const signed = signature !== undefined;
  const list = signed ? await new FolderContent(path).readFileList() : undefined;
  return {
    path,
    manifest,
    vendored: existsSync(join(path, 'vendor')),
    digest: digest?.toString('hex'),
    signed,
    signedAs: list?.key.id,
  };
}

/** Reads to the end of the archive, and keeps nothing but its manifest. */
async function readArchiveFacts(path: string, limits: ArchiveLimits, signal: AbortSignal): Promise<PackageFacts> {
  const { readArchive } = await import('../../packaging/archive/read-archive.ts');
  const { readArchiveManifest } = await import('../../packaging/archive/read-archive-manifest.ts');
  const { signatureFileName } = await import('../../packaging/signing/signature-files.ts');

  const manifest = await readArchiveManifest(path, { ...limits, signal });
  let [vendored, signed] = [false, false];
  for await (const { parts } of readArchive(path, { ...limits, signal })) {
    vendored ||= parts[1] === 'vendor';
    signed ||= parts.length === 2 && parts[1] === signatureFileName;
  }
  return { path, manifest, vendored, digest: undefined, signed, signedAs: undefined };
}

function textOf({ manifest, vendored, digest, signed, signedAs }: PackageFacts): string {
  const { metadata } = manifest;
  const entries = typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : [];
  return [
    factsText([
      ['Name', manifest.name],
      ['Version', manifest.version],
      ['Interface', manifest.interface],
      ['Interface version', manifest.interfaceVersion],
      ['Runtime', manifest.runtime],
      ...runtimeFacts(manifest),
      ['Vendored', manifest.runtime === 'python' ? (vendored ? 'yes' : 'no') : undefined],
      ['Digest', digest],
      ['Signature', signatureText(signed, signedAs)],
    ]),
    `Metadata:${entries.length === 0 ? ' none' : ''}\n`,
    ...entries.map(([key, value]) => `  ${shown(key)} = ${toJson(value, { indent: 0 })}`),
  ].join('');
}

function runtimeFacts(manifest: Manifest): Fact[] {
  switch (manifest.runtime) {
    case 'python':
      return [
        ['Entry module', manifest.python.entryModule],
        ['Requirements', manifest.python.requirements],
      ];
    case 'wasm':
      return [
        ['Component', manifest.wasm.component],
        ['Precompiled', manifest.wasm.precompiled ?? 'none'],
        ['Capabilities', manifest.wasm.capabilities.join(', ') || 'none'],
      ];
    case 'rust':
      return [];
  }
}

function signatureText(signed: boolean, signedAs: string | undefined): string {
  if (!signed) return 'none';
  return `present, not verified${signedAs === undefined ? '' : `; it says key ${signedAs}`}`;
}
