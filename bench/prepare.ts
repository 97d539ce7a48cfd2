/**
 * Installs what the trials need, once: the peers (two of which compile themselves), the baseline addon, and a virtual
 * environment with numpy. What cannot be had is remembered with its reason, and the page prints it.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const record = join(folder, 'node_modules', '.prepared.json');

export interface Prepared {
  /** Interpreter of the virtual environment; the bare `python3` where none could be made. */
  readonly python: string;
  /** Where its packages are, for contenders that take no virtual environment. */
  readonly sitePackages: string;
  /** Steps that failed, with the last line that their tool printed. */
  readonly problems: Readonly<Record<string, string>>;
}

export function prepare(): Prepared {
  const inputs = ['package-lock.json', 'requirements.txt', 'addon/binding.gyp', 'addon/call_python.c'];
  const stamp = [
    process.version,
    pythonBuild(),
    ...inputs.map((file) => readFileSync(join(folder, file), 'utf8')),
  ].join();
  if (existsSync(record)) {
    const before = JSON.parse(readFileSync(record, 'utf8')) as Prepared & { readonly stamp: string };
    if (before.stamp === stamp) return before;
  }

  const problems: Record<string, string> = {};
  const step = (name: string, command: string, args: readonly string[]): void => {
    process.stderr.write(`bench: ${name}\n`);
    const result = spawnSync(command, args, { cwd: folder, env: buildEnvironment(), encoding: 'utf8' });
    if (result.status !== 0) problems[name] = lastLine(result);
  };
  step('install the peers', 'npm', ['ci']);
  step('compile the C addon', 'npx', ['--no-install', 'node-gyp', 'rebuild', '--directory', 'addon']);
  step('make the virtual environment', 'python3', ['-m', 'venv', '.venv']);
  const venvPython = join(folder, '.venv', 'bin', 'python');
  if (existsSync(venvPython))
    step('install numpy', venvPython, ['-m', 'pip', 'install', '-q', '-r', 'requirements.txt']);

  const python = existsSync(venvPython) ? venvPython : 'python3';
  const sitePackages = ask(python, "import sysconfig; print(sysconfig.get_path('purelib'))");
  const prepared: Prepared = { python, sitePackages, problems };
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ stamp, ...prepared }, undefined, 2));
  return prepared;
}

/** The peers are compiled against one Python: another `python3` on the path means to compile them again. */
function pythonBuild(): string {
  return ask('python3', "import sys, sysconfig; print(sys.version, sysconfig.get_config_var('LIBDIR'))");
}

function ask(python: string, script: string): string {
  const { stdout, error } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return stdout.trim();
}

/** node-gyp finds the headers of this Node through `npm_config_nodedir`, or downloads them where it can. */
function buildEnvironment(): NodeJS.ProcessEnv {
  const nodeDir = process.env['npm_config_nodedir'] ?? locateHeaders();
  return nodeDir === undefined ? process.env : { ...process.env, npm_config_nodedir: nodeDir };
}

function locateHeaders(): string | undefined {
  const installed = dirname(dirname(process.execPath));
  if (existsSync(join(installed, 'include', 'node', 'node_api.h'))) return installed;
  if (process.platform !== 'linux') return undefined;

  // The npm package that carries a whole Node of this version carries its headers too.
  const name = `node-linux-${process.arch}`;
  const own = join(tmpdir(), `node-headers-${process.version}`);
  mkdirSync(own, { recursive: true });
  spawnSync('npm', ['install', '--prefix', own, '--no-save', `${name}@${process.version.slice(1)}`]);
  const packaged = join(own, 'node_modules', name);
  return existsSync(join(packaged, 'include', 'node', 'node_api.h')) ? packaged : undefined;
}

function lastLine({ error, stderr }: SpawnSyncReturns<string>): string {
  if (error !== undefined) return error.message;
  return stderr.trim().split('\n').at(-1) ?? 'no reason given';
}
