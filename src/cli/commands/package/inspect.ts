import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { shown } from '../../../errors/shown.ts';
import type { ForeseenExecutor } from '../../../host/load/foresee-executor.ts';
import type { ArchiveLimits } from '../../../packaging/archive/limits.ts';
import type { Manifest } from '../../../packaging/manifest/manifest.ts';
import { defineCommand } from '../../define-command.ts';
import { toJson } from '../../output/json.ts';
import { withProgress } from '../../output/progress.ts';
import { type Field, formatFields } from '../../output/text.ts';
import { limitHints, limitOptions, toLimits } from '../../shared-options.ts';

/** Facts about a package that are known without running or verifying it. */
interface PackageFacts {
  readonly path: string;
  readonly manifest: Manifest;
  /** The functions of the entry module that are methods. `undefined` if its source is not there, or not Python. */
  readonly methods: readonly string[] | undefined;
  /** Whether the package has a folder `vendor` with dependencies. */
  readonly vendored: boolean;
  /** What `auto` would choose on this machine. Unknown for an archive, which would have to be unpacked, and for other runtimes. */
  readonly executor: ForeseenExecutor | undefined;
  /** Unknown for an archive, likewise. */
  readonly digest: string | undefined;
  readonly signed: boolean;
  /** The key that the signed list of files names. It is only confirmed when the package is verified. */
  readonly signedAs: string | undefined;
}

/** `fidius package inspect`: describes a package without running any of it. */
export const packageInspect = defineCommand({
  name: 'package inspect',
  summary: 'Show the manifest of a package (a folder or an archive), and whether it is signed',
  arguments: { package: {} },
  options: limitOptions,
  json: true,
  hints: limitHints,
  examples: ['fidius package inspect my-greeter', 'fidius package inspect my-greeter-0.1.0.fid --json'],
  async run({ options, args }, io) {
    const path = resolve(io.cwd, args.package);
    const isArchive = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    const limits = toLimits(options);
    const facts = await withProgress(io, `Reading ${args.package}`, ({ signal }) =>
      isArchive ? readArchiveFacts(path, limits, signal) : readFacts(path, limits, signal),
    );
    return { record: facts, text: textOf(facts) };
  },
});

async function readFacts(path: string, limits: ArchiveLimits, signal: AbortSignal): Promise<PackageFacts> {
  const { readManifest } = await import('../../../packaging/manifest/manifest.ts');
  const { readFolderSubject } = await import('../../../packaging/audit/audit-package.ts');
  const { findEntryModule } = await import('../../../host/load/entry-module.ts');
  const { readMethods } = await import('../../../packaging/manifest/entry-methods.ts');
  const { FolderContent } = await import('../../../packaging/signing/explain-mismatch.ts');
  const { foreseeExecutor } = await import('../../../host/load/foresee-executor.ts');

  const manifest = readManifest(path);
  const { digest, signature } = await readFolderSubject(path, { ...limits, signal });
  const signed = signature !== undefined;
  const list = signed ? await new FolderContent(path).readFileList() : undefined;
  return {
    path,
    manifest,
    methods:
      manifest.runtime === 'python' ? readMethods(findEntryModule(path, manifest.python.entryModule)) : undefined,
    vendored: existsSync(join(path, 'vendor')),
    executor: manifest.runtime === 'python' ? foreseeExecutor({ path, folder: path, manifest }) : undefined,
    digest: digest.toString('hex'),
    signed,
    signedAs: list?.key.id,
  };
}

/** Reads the archive to its end, and keeps only the manifest in memory. */
async function readArchiveFacts(path: string, limits: ArchiveLimits, signal: AbortSignal): Promise<PackageFacts> {
  const { readArchive } = await import('../../../packaging/archive/read-archive.ts');
  const { readArchiveManifest } = await import('../../../packaging/archive/read-archive.ts');
  const { findMethods } = await import('../../../packaging/manifest/entry-methods.ts');
  const { signatureFileName } = await import('../../../packaging/signing/signature-files.ts');

  const manifest = await readArchiveManifest(path, { ...limits, signal });
  let [vendored, signed] = [false, false];
  const modules = manifest.runtime === 'python' ? modulePaths(manifest.python.entryModule) : [];
  const sources = new Map<string, string>();
  for await (const { parts, size, content } of readArchive(path, { ...limits, signal })) {
    const inside = parts.slice(1).join('/');
    if (modules.includes(inside) && size <= maxModuleBytes) sources.set(inside, (await buffer(content)).toString());
    vendored ||= parts[1] === 'vendor';
    signed ||= parts.length === 2 && parts[1] === signatureFileName;
  }
  const source = modules.map((each) => sources.get(each)).find((each) => each !== undefined);
  const methods = source === undefined ? undefined : findMethods(source);
  return { path, manifest, methods, vendored, executor: undefined, digest: undefined, signed, signedAs: undefined };
}

const maxModuleBytes = 16 * 1024 * 1024;

/** Where Python looks for the source of a module in a package, in this order. */
function modulePaths(entryModule: string): readonly string[] {
  const path = entryModule.split('.').join('/');
  return ['vendor/', ''].flatMap((folder) => [`${folder}${path}/__init__.py`, `${folder}${path}.py`]);
}

function textOf({ manifest, methods, vendored, executor, digest, signed, signedAs }: PackageFacts): string {
  const { metadata } = manifest;
  const entries = typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : [];
  return [
    formatFields([
      ['Name', manifest.name],
      ['Version', manifest.version],
      ['Interface', manifest.interface],
      ['Interface version', manifest.interfaceVersion],
      ['Methods', methods === undefined ? undefined : methods.join(', ') || 'none'],
      ['Runtime', manifest.runtime],
      ...runtimeFacts(manifest),
      ['Vendored', manifest.runtime === 'python' ? (vendored ? 'yes' : 'no') : undefined],
      ['Executor', executor && `${executor.executor ?? 'none'}: ${executor.reason}`],
      ['Digest', digest],
      ['Signature', signatureText(signed, signedAs)],
    ]),
    `Metadata:${entries.length === 0 ? ' none' : ''}\n`,
    ...entries.map(([key, value]) => `  ${shown(key)} = ${toJson(value, { indent: 0 })}`),
  ].join('');
}

function runtimeFacts(manifest: Manifest): Field[] {
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
  return `present, not verified${signedAs === undefined ? '' : `; it names key ${signedAs}`}`;
}
