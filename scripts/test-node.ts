/**
 * Runs the quick tests on another version of Node.js, from its npm package.
 *
 * Usage: npm run test:node -- 24 [arguments for vitest]; a version such as 24.22.3 works as well
 *
 * The package is downloaded into a cache folder once. If npm does not deliver it, the script prints the reason and succeeds;
 * with FIDIUS_REQUIRE=1, that is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [requested = '', ...rest] = process.argv.slice(2);
if (!/^\d+(\.\d+\.\d+)?$/.test(requested)) {
  console.error(`Which version of Node.js? Expected 24 or 24.22.3, got ${JSON.stringify(requested)}`);
  process.exit(2);
}

const node = findNode(`node-${process.platform}-${process.arch}`, requested);
if (node === undefined) {
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(process.env['FIDIUS_REQUIRE'] === '1' ? 1 : 0);
}
console.log(`node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()} at ${node}`);
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
// Tests that start `node` by its name get the same one.
const env = { ...process.env, PATH: [dirname(node), process.env['PATH']].join(delimiter) };
const suite = rest.length > 0 ? rest : ['--config', 'vitest.quick.config.ts'];
const { status } = spawnSync(node, [vitest, 'run', ...suite], { cwd: root, env, stdio: 'inherit' });
process.exitCode = status ?? 1;

/** The program of an npm package; `undefined`, with the reason printed, if npm does not deliver it. */
function findNode(name: string, range: string): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fidius-node');
  mkdirSync(cache, { recursive: true });
  try {
    const version = newestOf(name, range);
    const folder = join(cache, `${name}-${version}`);
    const program = join(folder, 'package/bin/node');
    if (!existsSync(program)) {
      const incomplete = mkdtempSync(join(cache, 'incomplete-'));
      try {
        execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: incomplete });
        execFileSync('tar', ['-xzf', `${name}-${version}.tgz`], { cwd: incomplete });
        rmSync(folder, { recursive: true, force: true });
        renameSync(incomplete, folder);
      } finally {
        rmSync(incomplete, { recursive: true, force: true });
      }
    }
    return program;
  } catch (error) {
    console.log(`Node.js ${range} is not tested: ${name} is not available from npm (${String(error).split('\n')[0]})`);
    return undefined;
  }
}

/** `npm view` prints a list if several versions match, in ascending order. */
function newestOf(name: string, range: string): string {
  const printed = execFileSync('npm', ['view', `${name}@${range}`, 'version', '--json'], { encoding: 'utf8' });
  const versions = [JSON.parse(printed) as string | string[]].flat();
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error(`no version matches ${range}`);
  return newest;
}
