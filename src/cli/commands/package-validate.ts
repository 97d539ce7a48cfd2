import { resolve } from 'node:path';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { ManifestError } from '../../errors/manifest-error.ts';
import type { Manifest } from '../../packaging/manifest.ts';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';

const options = { json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package validate', usage: 'fidius package validate <dir> [options]' };

/** `fidius package validate`: whether the manifest of a package is in order. */
export const packageValidate: Command = {
  ...about,
  summary: 'Check the manifest of a package',
  options,
  examples: ['fidius package validate my-greeter', 'fidius package validate my-greeter --json'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir']);
    const path = resolve(io.cwd, positionals[0] ?? '');
    const { loadManifest } = await import('../../packaging/manifest.ts');

    try {
      const manifest = loadManifest(path);
      const warnings = await warningsOf(path, manifest);
      for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
      io.stdout.write(given.json === true ? toJson({ valid: true, path, manifest, warnings }) : summaryOf(manifest));
      return 0;
    } catch (error) {
      if (given.json === true && error instanceof ManifestError) {
        io.stdout.write(toJson({ valid: false, path, code: error.code, issues: error.issues }));
      }
      throw error;
    }
  },
};

/** What is not wrong by the rules of the manifest, and will not work all the same. */
async function warningsOf(path: string, manifest: Manifest): Promise<string[]> {
  const { findEntryModule } = await import('../../host/entry-module.ts');
  const { archiveFileName } = await import('../../packaging/package-name.ts');
  const warnings: string[] = [];
  try {
    archiveFileName(manifest);
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    warnings.push(error.message);
  }
  if (manifest.runtime === 'python' && findEntryModule(path, manifest.python.entryModule) === undefined) {
    warnings.push(`The package does not contain its entry module, ${manifest.python.entryModule}`);
  }
  return warnings;
}

function summaryOf({ name, version, interface: interfaceName, interfaceVersion, metadata }: Manifest): string {
  const count = typeof metadata === 'object' && metadata !== null ? Object.keys(metadata).length : 0;
  return [
    `Package: ${name} v${version}`,
    `Interface: ${interfaceName} (version ${interfaceVersion})`,
    `Metadata: ${count} ${count === 1 ? 'field' : 'fields'}`,
    'Manifest valid.',
    '',
  ].join('\n');
}
