import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { readForeignFile } from '../../../files/open-foreign-file.ts';
import type { VendoredDistribution } from '../distributions.ts';
import { type Distribution, normalizeName, readDistributions } from '../distributions.ts';
import type { RequirementPlan } from '../requirement-plan.ts';
import { type InstalledSource, pathOfUrl, publicSource } from './installed-source.ts';
import type { InstallerName } from './installer.ts';

/**
 * Rejects an installation that does not contain the requirements although the installer reported success.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`
 */
export function requireInstalled(target: string, { lines }: RequirementPlan, installer: InstallerName): void {
  const entries = readdirSync(target);
  const linked = entries.map((entry) => linkedName(target, entry)).find((name) => name !== undefined);
  if (linked !== undefined) {
    throw failed(
      `${linked} was installed as editable, which is only a link to a folder of this machine`,
      `Look for a setting of ${installer} that makes it editable (${settingsOf(installer)}).`,
    );
  }

  // Older versions of pip describe what they build from a `setup.py` in an `.egg-info`.
  const eggs = entries.flatMap((entry) => /^(.+?)(?:-\d[^-]*(?:-py[\d.]+)?)?\.egg-info$/.exec(entry)?.[1] ?? []);
  const arrived = new Set([...readDistributions(target).map(({ name }) => name), ...eggs].map(normalizeName));
  const missing = lines.find(({ name, marker }) => {
    if (marker !== '') return false;
    return name === undefined ? entries.length === 0 : !arrived.has(normalizeName(name));
  });
  if (missing === undefined) return;
  throw failed(
    `${installer} reported success, but did not install ${missing.text} of ${missing.file}`,
    `Look for a setting of ${installer} that installs elsewhere or not at all (${settingsOf(installer)}, environment variables); nothing was changed.`,
  );
}

export interface OriginRules {
  /** The folder of the package. */
  readonly dir: string;
  readonly installer: InstallerName;
  readonly wheels: string | undefined;
  readonly allowBuild: boolean;
  /** See {@link RequirementPlan.hashes}. */
  readonly hashes: RequirementPlan['hashes'];
  readonly requireHashes: boolean;
}

/**
 * Combines what lies in the folder with what the installer reported about its origin, and checks that the rules were
 * kept: the options of the installer and the checks of the requirements promise this, and a setting or a new version
 * might break it.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`, `FIDIUS_VENDOR_BUILD`
 */
export function requireOrigins(
  installed: readonly Distribution[],
  sources: readonly InstalledSource[],
  rules: OriginRules,
): readonly VendoredDistribution[] {
  const byName = new Map(sources.map((source) => [normalizeName(source.name), source]));
  return installed.map((distribution) => {
    const source = byName.get(normalizeName(distribution.name));
    if (source === undefined) {
      throw failed(
        `${nameOf(distribution)} is in the vendor folder, but ${rules.installer} did not report its installation`,
        'Do not use the wheel that contains a second distribution.',
      );
    }
    requireRules(distribution, source, rules);
    const { sha256, built } = source;
    return { ...distribution, source: publicSource(source, rules.dir), ...(sha256 !== undefined && { sha256 }), built };
  });
}

function requireRules(distribution: Distribution, source: InstalledSource, rules: OriginRules): void {
  const from = publicSource(source, rules.dir);
  if (source.built && !rules.allowBuild) {
    throw new FidiusError(
      'FIDIUS_VENDOR_BUILD',
      `Cannot vendor dependencies: ${rules.installer} built ${nameOf(distribution)} from ${from}, although builds are not allowed`,
      { hint: `Look for a setting of ${rules.installer} that allows builds (${settingsOf(rules.installer)}).` },
    );
  }
  if (rules.wheels !== undefined && !isIn(rules.wheels, source.url)) {
    throw failed(
      `${rules.installer} took ${nameOf(distribution)} from ${from}, which is not in the folder of wheels ${rules.wheels}`,
      'Put the wheel into the folder, and remove the distribution or page that refers to its address.',
    );
  }
  const allowed = rules.hashes.get(normalizeName(distribution.name));
  if (allowed === undefined && rules.requireHashes) {
    throw failed(
      `Hashes are required, and the requirements contain none for ${nameOf(distribution)}`,
      `Write \`--hash\` after ${distribution.name} in the requirements.`,
    );
  }
  // Only uv needs this check, and its reports contain SHA-256 hashes. pip checks every kind by itself.
  if (allowed === undefined || rules.installer === 'pip' || allowed.has(`sha256:${source.sha256}`)) return;
  throw failed(
    `the hash of ${nameOf(distribution)} does not match the requirements. Expected ${[...allowed].join(' or ')}, got sha256:${source.sha256 ?? ' unknown'}`,
    `Check where ${distribution.name} comes from, then correct its \`--hash\` in the requirements; nothing was changed.`,
  );
}

function isIn(folder: string, url: string): boolean {
  const path = pathOfUrl(url);
  return path !== undefined && realpathSync(dirname(path)) === realpathSync(folder);
}

function nameOf({ name, version }: Distribution): string {
  return `${name} ${version}`;
}

function settingsOf(installer: InstallerName): string {
  return installer === 'pip' ? '`pip config list`' : '`uv.toml`';
}

function failed(problem: string, hint: string): FidiusError {
  return new FidiusError('FIDIUS_VENDOR_FAILED', `Cannot vendor dependencies: ${problem}`, { hint });
}

/** The name of a distribution that lies elsewhere; `undefined` for other entries. */
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
