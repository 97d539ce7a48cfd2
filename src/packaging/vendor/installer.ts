import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { throwIfAborted } from '../../errors/option-values.ts';

/** What fetches distributions and unpacks them. */
export type InstallerName = 'pip' | 'uv';

export interface InstallTask {
  readonly python: string;
  /** Folder that the distributions go into. */
  readonly target: string;
  readonly requirements: string;
  readonly constraints: string | undefined;
  /** Folder of wheels; with it nothing is fetched from anywhere else. */
  readonly wheels: string | undefined;
  readonly requireHashes: boolean;
  /** Paths in the requirements file start here. */
  readonly cwd: string;
  readonly signal: AbortSignal | undefined;
}

// The end of what an installer prints says what went wrong; the rest may be long.
const keptOutput = 4000;

/** uv where it is installed: it does the same in a tenth of the time. */
export async function chooseInstaller(): Promise<InstallerName> {
  const { exitCode } = await run('uv', ['--version'], {}).catch(() => ({ exitCode: 1 }));
  return exitCode === 0 ? 'uv' : 'pip';
}

/** @throws FidiusError `FIDIUS_VENDOR_FAILED`, `FIDIUS_VENDOR_NO_INSTALLER`; the reason of the signal. */
export async function install(installer: InstallerName, task: InstallTask): Promise<void> {
  const [command, args] = installer === 'uv' ? ['uv', uvArguments(task)] : [task.python, pipArguments(task)];
  const { exitCode, output } = await run(command, args, task).catch((cause: unknown) => {
    throwIfAborted(task.signal);
    throw missingInstaller(installer, command, messageOf(cause), cause);
  });
  // uv leaves its lock behind, an empty file.
  if (exitCode === 0) return await rm(join(task.target, '.lock'), { force: true });
  if (/No module named pip\b/.test(output)) throw missingInstaller(installer, command, 'it has no module pip');
  throw new FidiusError(
    'FIDIUS_VENDOR_FAILED',
    `${installer} install failed (exit code ${exitCode}): ${output.trim()}`,
    {
      hint: `Mend ${task.requirements}, or the reason that ${installer} gives, and try again; nothing was changed.`,
    },
  );
}

/** Runs a command without a shell, and gives the end of what it printed to either stream. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      ...(options.signal && { signal: options.signal }),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: installerEnvironment(process.env),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-keptOutput);
      });
    }
    child.on('error', reject).on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

// Settings that make an installer do something else, or install for something else, than it is asked to here.
const removedSettings: readonly string[] = [
  'PIP_EDITABLE',
  'PIP_HELP',
  'PIP_PREFIX',
  'PIP_PYTHON',
  'PIP_REQUIREMENT',
  'PIP_TARGET',
  'PIP_VERSION',
  'UV_PROJECT',
  'UV_PYTHON',
  'UV_SYSTEM_PYTHON',
  'UV_WORKING_DIR',
  'UV_WORKING_DIRECTORY',
];

/**
 * The environment without settings that would send distributions elsewhere; indexes, proxies and certificates stay.
 *
 * Variables override the configuration files of pip: these also neutralise `user = true` and its like in a `pip.conf`.
 */
function installerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !removedSettings.includes(name));
  return {
    ...Object.fromEntries(kept),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_DRY_RUN: '0',
    PIP_NO_INPUT: '1',
    PIP_REQUIRE_VIRTUALENV: '0',
    // An empty variable would count as none, and leave that of a pip.conf.
    PIP_ROOT: '/',
    PIP_USER: '0',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

function pipArguments(task: InstallTask): readonly string[] {
  // The empty prefix takes the place of one in a pip.conf, which cannot be combined with a target.
  return ['-c', runPip, 'install', '--no-compile', '--no-warn-script-location', '--prefix=', ...sharedArguments(task)];
}

// Not `-m pip`: Python would look into the folder of the package first, and run a `pip.py` that lies there.
const runPip =
  'import sys, os; sys.path[:] = [p for p in sys.path if p and p != os.getcwd()]; ' +
  'import runpy; runpy.run_module("pip", run_name="__main__", alter_sys=True)';

function uvArguments(task: InstallTask): readonly string[] {
  // Links into uv's cache would not survive the move, nor the archive.
  // A uv.toml or pyproject.toml in the package is its author's, not this user's.
  return ['pip', 'install', '--no-config', '--python', task.python, '--link-mode', 'copy', ...sharedArguments(task)];
}

function sharedArguments({ requirements, target, constraints, wheels, requireHashes }: InstallTask): readonly string[] {
  const common = ['--quiet', '--requirement', requirements, '--target', target];
  return [
    ...common,
    ...(constraints === undefined ? [] : ['--constraint', constraints]),
    ...(wheels === undefined ? [] : ['--no-index', '--find-links', wheels]),
    ...(requireHashes ? ['--require-hashes'] : []),
  ];
}

function missingInstaller(installer: InstallerName, command: string, problem: string, cause?: unknown): FidiusError {
  const message = `Cannot vendor dependencies with ${installer}: ${command} cannot be used, ${problem}`;
  return new FidiusError('FIDIUS_VENDOR_NO_INSTALLER', message, {
    cause,
    hint: 'Name a Python that has pip (option `python`), or install uv.',
  });
}
