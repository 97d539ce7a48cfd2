import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { messageOf } from '../../../errors/is-error.ts';
import { throwIfAborted } from '../../../errors/options.ts';
import { readDistributions } from '../distributions.ts';
import type { RequirementPlan } from '../requirement-plan.ts';
import type { VendorProgress } from '../vendor-progress.ts';
import type { InstalledSource } from './installed-source.ts';
import { pipProgram, readPipReport, refusedBuild, refusedConnection } from './pip.ts';
import { readPipProgress } from './pip-progress.ts';
import { installerEnvironment, runCommand } from './run-command.ts';
import { UvLock } from './uv-lock.ts';

/** A program that fetches distributions and unpacks them. */
export type InstallerName = 'pip' | 'uv';

export interface InstallTask {
  /** Path of the Python executable. */
  readonly python: string;
  /** The requirements file of the package, for messages. */
  readonly file: string;
  readonly plan: RequirementPlan;
  /** Folder that the distributions go into. */
  readonly target: string;
  /** A private folder for the files of this installation. It does not exist yet. */
  readonly work: string;
  /** Folder of wheels. If it is set, nothing is taken from anywhere else. */
  readonly wheels: string | undefined;
  readonly requireHashes: boolean;
  readonly allowBuild: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: VendorProgress) => void) | undefined;
}

/** The first version of uv that writes and installs lock files (PEP 751). */
const oldestUv = [0, 6, 15];

/** uv if it is installed and can report what it installs: it does the same in a tenth of the time. */
export async function chooseInstaller(cwd: string): Promise<InstallerName> {
  const options = { cwd, env: installerEnvironment(process.env, false) };
  const { exitCode, output } = await runCommand('uv', ['--version'], options).catch(() => ({
    exitCode: 1,
    output: '',
  }));
  const version = /^uv (\d+)\.(\d+)\.(\d+)/.exec(output)?.slice(1).map(Number);
  return exitCode === 0 && version !== undefined && isAtLeast(version, oldestUv) ? 'uv' : 'pip';
}

/**
 * Installs what the plan asks for, and reports where each distribution came from.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`, `FIDIUS_VENDOR_BUILD`, `FIDIUS_VENDOR_NO_INSTALLER`; the reason of the signal.
 */
export async function install(installer: InstallerName, task: InstallTask): Promise<readonly InstalledSource[]> {
  // An empty folder: no file of the package can take the place of a module, a program or a setting.
  await mkdir(emptyFolder(task), { recursive: true, mode: 0o700 });
  await writeFile(workFile(task, 'requirements.txt'), task.plan.requirements);
  if (task.plan.constraints !== '') await writeFile(workFile(task, 'constraints.txt'), task.plan.constraints);
  return installer === 'uv' ? installWithUv(task) : installWithPip(task);
}

async function installWithPip(task: InstallTask): Promise<readonly InstalledSource[]> {
  const { allowBuild, wheels, target } = task;
  const report = workFile(task, 'report.json');
  const onLine = readPipProgress((progress) => task.onProgress?.(progress));
  const args = [
    // Isolated: no modules from the folder, from variables or from the user's site-packages.
    '-I',
    '-c',
    pipProgram({ allowBuild, isOffline: wheels !== undefined }),
    'install',
    '--no-compile',
    '--no-warn-script-location',
    // The empty prefix takes the place of one in a pip.conf, which cannot be combined with a target.
    '--prefix=',
    '--progress-bar',
    'off',
    '--requirement',
    ...inputFiles(task),
    ...(allowBuild ? [] : ['--only-binary', ':all:']),
    ...(wheels === undefined ? [] : ['--no-index', '--find-links', wheels]),
    ...hashArguments(task),
    '--report',
    report,
    '--target',
    target,
  ];
  await runInstaller('pip', task.python, task, args, { onLine });
  return readPipReport(report);
}

async function installWithUv(task: InstallTask): Promise<readonly InstalledSource[]> {
  const { allowBuild, wheels, python, target } = task;
  const lock = workFile(task, 'pylock.toml');
  const common = [
    // A uv.toml or pyproject.toml of a parent folder may belong to another user.
    '--no-config',
    '--quiet',
    '--python',
    python,
    ...(allowBuild ? [] : ['--no-build']),
    ...(wheels === undefined ? [] : ['--no-index', '--find-links', wheels, '--offline']),
  ];
  // uv ignores hashes when it writes a lock file, and builds what it needs for that.
  const [requirements, ...constraints] = inputFiles(task);
  if (allowBuild && (task.requireHashes || task.plan.hashes.size > 0)) {
    const checked = ['pip', 'install', '--dry-run', ...common, '--requirement', requirements, ...constraints];
    await runInstaller('uv', 'uv', task, [...checked, ...hashArguments(task), '--target', target]);
  }
  await runInstaller('uv', 'uv', task, [
    'pip',
    'compile',
    ...common,
    requirements,
    ...constraints,
    '--output-file',
    lock,
  ]);
  // Links into the cache of uv would not survive the move to the package, nor the archive.
  const total = UvLock.read(lock).count;
  task.onProgress?.({ phase: 'installing', done: 0, total });
  const installing = ['pip', 'install', ...common, '--link-mode', 'copy', '--requirement', lock];
  await runInstaller('uv', 'uv', task, [...installing, '--target', target], { variables: indexVariables(task) });
  task.onProgress?.({ phase: 'installing', done: total, total });
  // uv leaves its lock, an empty file.
  await rm(join(target, '.lock'), { force: true });
  return UvLock.read(lock).sources(readDistributions(target));
}

/** The requirements, and an option for the constraints if there are any. */
function inputFiles(task: InstallTask): readonly [string, ...string[]] {
  const constraints = task.plan.constraints === '' ? [] : ['--constraint', workFile(task, 'constraints.txt')];
  return [workFile(task, 'requirements.txt'), ...constraints];
}

function hashArguments({ requireHashes }: InstallTask): readonly string[] {
  return requireHashes ? ['--require-hashes'] : [];
}

function workFile({ work }: InstallTask, name: string): string {
  return join(work, name);
}

function emptyFolder(task: InstallTask): string {
  return workFile(task, 'empty');
}

/**
 * The indexes of the requirements, for uv when it installs from a lock file: addresses there have no credentials. Other
 * users can see the arguments of a process, but not its variables.
 */
function indexVariables({ plan }: InstallTask): NodeJS.ProcessEnv {
  if (plan.indexes.length === 0) return {};
  const expand = (url: string): string => url.replace(/\$\{([A-Z\d_]+)\}/g, (text, name) => process.env[name] || text);
  const existing = process.env['UV_INDEX'];
  return { UV_INDEX: [...(existing ? [existing] : []), ...plan.indexes.map(expand)].join(' ') };
}

async function runInstaller(
  installer: InstallerName,
  command: string,
  task: InstallTask,
  args: readonly string[],
  {
    variables = {},
    onLine,
  }: { readonly variables?: NodeJS.ProcessEnv; readonly onLine?: (line: string) => boolean } = {},
): Promise<void> {
  const env = { ...installerEnvironment(process.env, task.wheels !== undefined), ...variables };
  const options = { cwd: emptyFolder(task), env, signal: task.signal, onLine };
  const { exitCode, output } = await runCommand(command, args, options).catch((cause: unknown) => {
    throwIfAborted(task.signal);
    throw missingInstaller(installer, command, messageOf(cause), cause);
  });
  if (exitCode !== 0) throw failureOf(installer, command, task, exitCode, output);
}

function failureOf(
  installer: InstallerName,
  command: string,
  task: InstallTask,
  exitCode: number | null,
  output: string,
): FidiusError {
  if (/No module named '?pip\b/.test(output)) return missingInstaller(installer, command, 'it has no module pip');
  if (/no such option: --report/.test(output)) {
    return missingInstaller(installer, command, 'its pip is older than 22.2 and cannot report what it installs');
  }
  if (/TOML is not a supported output format|unexpected argument '--output-file'/.test(output)) {
    return missingInstaller(
      installer,
      command,
      `it is older than ${oldestUv.join('.')} and cannot report what it installs`,
    );
  }
  const said = output.trim();
  const message = `${installer} install failed (exit code ${exitCode}): ${said}`;
  if (said.includes(refusedBuild)) {
    return new FidiusError('FIDIUS_VENDOR_BUILD', message, {
      hint: 'A dependency is not a wheel. Provide wheels, or allow builds with `allowBuild` if you trust all authors.',
    });
  }
  if (said.includes(refusedConnection)) {
    return new FidiusError('FIDIUS_VENDOR_FAILED', message, {
      hint: 'A dependency or the folder of wheels refers to an address. Put all wheels into the folder.',
    });
  }
  const wheelsOnly = task.allowBuild ? '' : ' Only wheels are installed, unless builds are allowed.';
  return new FidiusError('FIDIUS_VENDOR_FAILED', message, {
    hint: `Fix ${task.file}, or the reason that ${installer} reports, and try again; nothing was changed.${wheelsOnly}`,
  });
}

/** The error for an installer that cannot be used. */
export function missingInstaller(
  installer: InstallerName,
  command: string,
  problem: string,
  cause?: unknown,
): FidiusError {
  const message = `Cannot vendor dependencies with ${installer}: ${command} cannot be used, ${problem}`;
  return new FidiusError('FIDIUS_VENDOR_NO_INSTALLER', message, {
    cause,
    hint: 'Select a Python with pip 22.2 or later (option `python`), or install uv 0.6.15 or later.',
  });
}

function isAtLeast(version: readonly number[], oldest: readonly number[]): boolean {
  for (const [index, number] of oldest.entries()) {
    const difference = (version[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
