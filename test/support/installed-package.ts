import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliOutcome } from './run-fidius.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Installs this project, built as it is shipped, into `node_modules` of a folder, with what it depends on. */
export function installPackage(folder: string): void {
  const target = join(folder, 'node_modules/fidius');
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'runtime', 'python']) {
    cpSync(join(root, name), join(target, name), { recursive: true });
  }
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;
  for (const name of [...Object.keys(dependencies), '@koromix']) linkPackage(folder, name);
  const dist = join(target, 'dist');
  build('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(dist, 'types'));
  build('node_modules/tsx/dist/cli.mjs', 'scripts/bundle.ts', dist);
}

function build(tool: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [join(root, tool), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
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
