import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitOptions, readLimits } from '../limit-options.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { namesTrust, readTrust, trustOptions } from '../trust-options.ts';

const options = { ...trustOptions, ...limitOptions, json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package audit', usage: 'fidius package audit <package> [options]' };

/** `fidius package audit`: what each rule of a host says of a package. */
export const packageAudit: Command = {
  ...about,
  summary: 'Check a package (a folder or an archive) as a host would before it runs it',
  options,
  examples: [
    'fidius package audit my-greeter-0.1.0.fid --trust trusted-keys',
    'fidius package audit my-greeter --json',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['package']);
    const [typed = ''] = positionals;
    const path = resolve(io.cwd, typed);
    if (!existsSync(path)) throw new FidiusError('FIDIUS_CLI_FOLDER', `There is no package ${path}`);
    const { auditPackage } = await import('../../packaging/audit/audit-package.ts');
    const requireSignature = namesTrust(given);
    const trust = requireSignature ? await readTrust(given, io.cwd) : {};
    const limits = readLimits(given);

    const { manifest, digest, findings } = await withProgress(io, `Reading ${typed}`, ({ signal }) =>
      auditPackage(path, { ...trust, ...limits, requireSignature, signal }),
    );
    const passed = findings.every(({ verdict }) => verdict !== 'refused');
    const width = Math.max(...findings.map(({ rule }) => rule.length));
    const lines = findings.map(({ rule, verdict, message }) => {
      return `${verdict.padEnd('not checked'.length)}  ${rule.padEnd(width)}  ${shown(message)}\n`;
    });
    io.stdout.write(
      given.json === true
        ? toJson({
            path,
            passed,
            name: manifest?.name,
            version: manifest?.version,
            digest: digest?.toString('hex'),
            findings,
          })
        : `${lines.join('')}${passed ? 'No rule was violated.' : 'A host would reject this package.'}\n`,
    );
    return passed ? 0 : 1;
  },
};
