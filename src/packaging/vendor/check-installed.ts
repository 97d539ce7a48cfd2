import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { normalizeName, readDistributions } from './distributions.ts';
import type { InstallerName } from './installer.ts';
import { readRequirements } from './requirements.ts';

/**
 * Refuses requirements that would only leave a link to a folder of this machine.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`
 */
export function refuseEditable(file: string): void {
  const line = readRequirements(file).find(({ kind }) => kind === 'editable');
  if (line !== undefined) throw editable(file, line.text, `the requirement ${JSON.stringify(line.text)} is editable`);
}

/**
 * Refuses what an installer left behind when the requirements are not in it, although it reported success.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`
 */
export function requireArrived(target: string, file: string, installer: InstallerName): void {
  const entries = readdirSync(target);
  const linked = entries.map((entry) => linkedName(target, entry)).find((name) => name !== undefined);
  if (linked !== undefined) throw editable(file, `-e …${linked}`, `${linked} was installed as editable`);

  // Older versions of pip describe what they build from a `setup.py` in an `.egg-info`.
  const eggs = entries.flatMap((entry) => /^(.+?)(?:-\d[^-]*(?:-py[\d.]+)?)?\.egg-info$/.exec(entry)?.[1] ?? []);
  const arrived = new Set([...readDistributions(target).map(({ name }) => name), ...eggs].map(normalizeName));
  const missing = readRequirements(file).find(({ kind, name, conditional }) => {
    if (kind === 'option' || conditional) return false;
    return name === undefined ? entries.length === 0 : !arrived.has(normalizeName(name));
  });
  if (missing === undefined) return;
  throw new FidiusError(
    'FIDIUS_VENDOR_FAILED',
    `Cannot vendor dependencies: ${installer} reported success, but did not install ${missing.text} of ${file}`,
    {
      hint: `Look for a setting of ${installer} that installs elsewhere or not at all (\`${installer === 'pip' ? 'pip config list' : 'uv.toml'}\`, environment variables); nothing was changed.`,
    },
  );
}

function editable(file: string, text: string, problem: string): FidiusError {
  const message = `Cannot vendor dependencies: ${problem}, which leaves only a link to a folder of this machine`;
  return new FidiusError('FIDIUS_VENDOR_FAILED', message, {
    hint: `Remove \`-e\` from ${JSON.stringify(text)} in ${file}; a folder can be a requirement without it.`,
  });
}

/** The name of a distribution that lies elsewhere; `undefined` for an entry that is none. */
function linkedName(target: string, entry: string): string | undefined {
  if (entry.endsWith('.egg-link')) return entry.slice(0, -'.egg-link'.length);
  if (!entry.endsWith('.dist-info')) return undefined;
  try {
    const { dir_info: folder } = JSON.parse(
      readForeignFile(join(target, entry, 'direct_url.json'), { links: 'refuse', maxBytes: 64 * 1024 }).toString(),
    );
    return folder?.editable === true ? entry.slice(0, entry.indexOf('-')) : undefined;
  } catch {
    return undefined;
  }
}
