import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Manifest } from '../../packaging/manifest.ts';
import type { Command, OptionSpec } from '../command.ts';
import { type Fact, factsText } from '../facts-text.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';

const options = { json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package inspect', usage: 'fidius package inspect <dir> [options]' };

/** What can be said of a package without running or trusting it. */
interface PackageFacts {
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether dependencies lie in its `vendor` folder. */
  readonly vendored: boolean;
  readonly digest: string;
  readonly signed: boolean;
  /** The key that the signed list of files names; whether it is genuine shows when the package is verified. */
  readonly signedAs: string | undefined;
}

/** `fidius package inspect`: what a package is, without running any of it. */
export const packageInspect: Command = {
  ...about,
  summary: 'Show what a package says about itself, its digest, and whether it is signed',
  options,
  examples: ['fidius package inspect my-greeter', 'fidius package inspect my-greeter --json'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir']);
    const facts = await readFacts(resolve(io.cwd, positionals[0] ?? ''));
    io.stdout.write(given.json === true ? toJson(facts) : textOf(facts));
    return 0;
  },
};

async function readFacts(path: string): Promise<PackageFacts> {
  const { loadManifest } = await import('../../packaging/manifest.ts');
  const { packageDigest } = await import('../../packaging/digest.ts');
  const { readSignature } = await import('../../packaging/signing/verify-package.ts');
  const { readFileList } = await import('../../packaging/signing/explain-mismatch.ts');

  const manifest = loadManifest(path);
  const digest = await packageDigest(path);
  const signed = (await readSignature(path)) !== undefined;
  const list = signed ? await readFileList(path) : undefined;
  return {
    path,
    manifest,
    vendored: existsSync(join(path, 'vendor')),
    digest: digest.toString('hex'),
    signed,
    signedAs: list?.key.id,
  };
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
    ...entries.map(([key, value]) => `  ${key} = ${toJson(value, { indent: 0 })}`),
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
