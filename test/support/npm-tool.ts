import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs a program from npm, such as `deno@2.9.6`, into a folder.
 *
 * @returns its folder of packages, or `undefined` with the reason printed, if npm does not deliver it.
 * @throws Error in place of that with `FIDIUS_REQUIRE=1`.
 */
export function installTool(folder: string, spec: string, ...options: readonly string[]): string | undefined {
  const prefix = join(folder, spec.replaceAll(/[^\w.-]/g, '-'));
  mkdirSync(prefix);
  const install = ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--fetch-retries=0', ...options, spec];
  const { status, stderr, error } = spawnSync('npm', install, { encoding: 'utf8', timeout: 100_000 });
  if (status === 0) return join(prefix, 'node_modules');
  const reason = `${spec} cannot be installed from npm: ${error?.message ?? stderr.trim()}`;
  if (process.env['FIDIUS_REQUIRE'] === '1') throw new Error(reason);
  console.warn(`Skipped: ${reason}`);
  return undefined;
}
