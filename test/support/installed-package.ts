import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliOutcome } from './run-fidius.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Installs this project, built as it is shipped, into `node_modules` of a folder, with what it depends on. */
export function installPackage(folder: string): void {
  const target = join(folder, 'node_modules/fidius');
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'runtime', 'python', 'llms.txt']) {
    cpSync(join(root, name), join(target, name), { recursive: true });
  }
  linkDependencies(folder);
  const dist = join(target, 'dist');
  build('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(dist, 'types'));
  build('node_modules/tsx/dist/cli.mjs', 'scripts/bundle.ts', dist);
}

/** Unpacks this project into `node_modules` of a folder, from the archive that `npm publish` would upload. */
export function installPacked(folder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'fidius-packed-'));
  try {
    installPackage(work);
    unpackPackage(folder, 'fidius', join(work, 'node_modules/fidius'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Unpacks a package into `node_modules` of a folder, as npm publishes it. @param source its folder. */
export function unpackPackage(folder: string, name: string, source: string): void {
  const work = mkdtempSync(join(tmpdir(), 'fidius-packed-'));
  try {
    const pack = ['pack', '--ignore-scripts', '--pack-destination', work, source];
    execFileSync('npm', pack, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [archive = ''] = readdirSync(work);
    const installed = join(folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['xzf', join(work, archive), '--strip-components=1', '-C', installed]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function build(tool: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [join(root, tool), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Makes what this project depends on at run time available in `node_modules` of a folder. */
export function linkDependencies(folder: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;
  for (const name of [...Object.keys(dependencies), '@koromix']) linkPackage(folder, name);
}

/** Makes a package that this project has installed available in `node_modules` of a folder. */
export function linkPackage(folder: string, name: string): void {
  const link = join(folder, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), link);
}

/** Runs the installed `fidius` with nothing but Node: no loader, no settings of this process. */
export function runInstalled(folder: string, argv: readonly string[]): CliOutcome {
  const main = join(folder, 'node_modules/fidius/dist/bundle/cli.js');
  const env = { PATH: process.env['PATH'] };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { exitCode: status, signal, stdout, stderr };
}
