import { resolve } from 'node:path';
import { isFidiusError } from '../../../errors/fidius-error.ts';
import { ManifestError } from '../../../errors/package-errors.ts';
import type { Manifest } from '../../../packaging/manifest/manifest.ts';
import { defineCommand } from '../../define-command.ts';
import { warn } from '../../output/messages.ts';
import { formatCount } from '../../output/text.ts';

/** `fidius package validate`: checks the manifest of a package. */
export const packageValidate = defineCommand({
  name: 'package validate',
  summary: 'Check the manifest of a package',
  arguments: { dir: {} },
  json: true,
  examples: ['fidius package validate my-greeter', 'fidius package validate my-greeter --json'],
  async run({ args }, io) {
    const path = resolve(io.cwd, args.dir);
    const { readManifest } = await import('../../../packaging/manifest/manifest.ts');

    try {
      const manifest = readManifest(path);
      const warnings = await warningsOf(path, manifest);
      for (const warning of warnings) warn(io, warning);
      return { record: { valid: true, path, manifest, warnings }, text: summaryOf(manifest) };
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return { record: { valid: false, path, code: error.code, issues: error.issues }, error };
    }
  },
});

/** Problems that do not make a manifest invalid, but prevent packing or loading the package. */
async function warningsOf(path: string, manifest: Manifest): Promise<string[]> {
  const { findEntryModule } = await import('../../../host/load/entry-module.ts');
  const { archiveFileName } = await import('../../../packaging/manifest/package-name.ts');
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
    `Metadata: ${formatCount(count, 'field')}`,
    'Manifest valid.',
    '',
  ].join('\n');
}
