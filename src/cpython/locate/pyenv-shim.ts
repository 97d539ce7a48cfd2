import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Search } from './locator.ts';

/**
 * A shim, as `pyenv rehash` writes it. The whole text is compared: a script that does anything else is run.
 *
 * The second form is that of pyenv 2.4 and later.
 */
const shimText =
  /^#!\/usr\/bin\/env bash\nset -e\n\[ -n "\$PYENV_DEBUG" \] && set -x\n\nprogram="\$\{0##\*\/\}"\n\nexport PYENV_ROOT="([^"$`\\\n]+)"\n(?:SHIM_PATH=\$\{0%\/\*\}\nif \[\[ \$SHIM_PATH != "[^"$`\\\n]+" \]\]; then\n {2}export _PYENV_SHIM_PATH="\$SHIM_PATH"\nfi\n)?exec "([^"$`\\\n]+)\/(?:libexec|bin)\/pyenv" exec "\$program" "\$@"\n$/;

/** Hooks of pyenv and of pyenv-virtualenv that change nothing for an interpreter that exists. */
const harmlessHooks: ReadonlySet<string> = new Set([
  'exec/pip-rehash.bash',
  'which/conda.bash',
  'which/python-config.bash',
  'which/system-site-packages.bash',
]);

/** Longer than any shim. */
const mostShimBytes = 4096;

/**
 * The interpreter that a shim of pyenv runs, without starting the shim: that takes 100 ms and more.
 *
 * Only the simple case: one version, which is installed under exactly this name. pyenv itself decides all others.
 *
 * @returns `undefined` if the file is not a shim, or the case is not simple.
 */
export function interpreterBehindShim(shim: string, { cwd, env }: Pick<Search, 'cwd' | 'env'>): string | undefined {
  if (process.platform === 'win32' || env['PYENV_DIR'] || env['PYENV_HOOK_PATH']) return undefined;
  try {
    const path = resolve(cwd, shim);
    const [, root, installation] = shimText.exec(readShim(path)) ?? [];
    if (root === undefined || installation === undefined || hasHooks(root, realInstallation(installation))) {
      return undefined;
    }
    const version = selectedVersion(root, cwd, env);
    if (version === undefined) return undefined;
    const interpreter = join(root, 'versions', version, 'bin', basename(path));
    accessSync(interpreter, constants.X_OK);
    return statSync(interpreter).isFile() ? interpreter : undefined;
  } catch {
    return undefined; // pyenv reports what is wrong
  }
}

function readShim(path: string): string {
  const { size } = statSync(path);
  return size > mostShimBytes ? '' : readFileSync(path, 'utf8');
}

/** The shim may name pyenv by a link, as Homebrew does. */
function realInstallation(folder: string): string {
  return dirname(dirname(realpathSync(join(folder, 'libexec', 'pyenv'))));
}

/** The name in the selection, if it is one name and the folder of an installed version. */
function selectedVersion(root: string, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  const names = env['PYENV_VERSION'] ? [env['PYENV_VERSION']] : readVersionFile(versionFile(root, cwd, env));
  const [name, ...others] = names;
  if (name === undefined || others.length > 0 || name === 'system' || /[/:\s]|^\.\.?$/.test(name)) return undefined;
  return statSync(join(root, 'versions', name), { throwIfNoEntry: false })?.isDirectory() === true ? name : undefined;
}

/** `.python-version` in the working folder or above it, otherwise the file of the whole installation. */
function versionFile(root: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const name = '.python-version';
  for (let folder = logicalFolder(cwd, env); ; folder = dirname(folder)) {
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true) return join(folder, name);
    if (dirname(folder) === folder) return join(root, 'version');
  }
}

/** The working folder as a shell names it: by the links of `PWD`, if that is the same folder. */
function logicalFolder(cwd: string, { PWD }: NodeJS.ProcessEnv): string {
  try {
    return PWD !== undefined && PWD.startsWith('/') && realpathSync(PWD) === realpathSync(cwd) ? PWD : cwd;
  } catch {
    return cwd;
  }
}

/** The first word of each line that is not empty and not a comment. */
function readVersionFile(file: string): readonly string[] {
  const words = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '');
  return words.filter((word) => word !== '' && !word.startsWith('#'));
}

/** Whether a hook may select another version or another program. */
function hasHooks(root: string, installation: string): boolean {
  const plugins = join(root, 'plugins');
  const folders = [
    join(root, 'pyenv.d'),
    join(installation, 'pyenv.d'),
    '/usr/etc/pyenv.d',
    '/usr/local/etc/pyenv.d',
    '/etc/pyenv.d',
    '/usr/lib/pyenv/hooks',
    ...list(plugins).map((plugin) => join(plugins, plugin, 'etc', 'pyenv.d')),
  ];
  return folders.some((folder) =>
    ['version-name', 'which', 'exec'].some((command) =>
      list(join(folder, command)).some((file) => file.endsWith('.bash') && !harmlessHooks.has(`${command}/${file}`)),
    ),
  );
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
