import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { shown } from '../../../errors/shown.ts';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { limitOptions, namesTrust, readTrust, toLimits, trustOptions } from '../../shared-options.ts';

/** `fidius package audit`: applies each rule of a host to a package. */
export const packageAudit = defineCommand({
  name: 'package audit',
  summary: 'Check a package (a folder or an archive) as a host would before it runs it',
  arguments: { package: {} },
  options: { ...trustOptions, ...limitOptions },
  json: true,
  examples: [
    'fidius package audit my-greeter-0.1.0.fid --trust trusted-keys',
    'fidius package audit my-greeter --json',
  ],
  async run({ options, args }, io) {
    const path = resolve(io.cwd, args.package);
    if (!existsSync(path))
      throw new FidiusError('FIDIUS_CLI_FOLDER', `There is no package ${path}`, {
        hint: 'Name the folder or the archive of a package.',
      });
    const { auditPackage } = await import('../../../packaging/audit/audit-package.ts');
    const requireSignature = namesTrust(options);
    const trust = requireSignature ? await readTrust(options) : {};

    const { manifest, digest, findings } = await withProgress(io, `Reading ${args.package}`, ({ signal }) =>
      auditPackage(path, { ...trust, ...toLimits(options), requireSignature, signal }),
    );
    const passed = findings.every(({ verdict }) => verdict !== 'refused');
    const width = Math.max(...findings.map(({ rule }) => rule.length));
    const lines = findings.map(({ rule, verdict, message }) => {
      return `${verdict.padEnd('not checked'.length)}  ${rule.padEnd(width)}  ${shown(message)}\n`;
    });
    const [name, version] = [manifest?.name, manifest?.version];
    return {
      record: { path, passed, name, version, digest: digest?.toString('hex'), findings },
      text: `${lines.join('')}${passed ? 'No rule was violated.' : 'A host would reject this package.'}\n`,
      exitCode: passed ? 0 : 1,
    };
  },
});
