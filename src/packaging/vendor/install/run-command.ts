/**
 * Settings that say where distributions come from and how they are fetched. They are the operator's.
 *
 * All other settings of pip and uv are removed: they would install something else, for another Python, elsewhere, or
 * allow builds. A list of the harmful ones would have to follow every release of both.
 */
const sourceSettings: readonly RegExp[] = [
  /^PIP_(?:CONFIG_FILE|(?:EXTRA_)?INDEX_URL|FIND_LINKS|NO_INDEX|KEYRING_PROVIDER)$/,
  /^UV_(?:(?:DEFAULT_|EXTRA_)?INDEX(?:_URL|_STRATEGY)?|INDEX_\w+_(?:USERNAME|PASSWORD)|FIND_LINKS|NO_INDEX|KEYRING_PROVIDER)$/,
];

const transportSettings: readonly RegExp[] = [
  /^PIP_(?:CACHE_DIR|CERT|CLIENT_CERT|(?:DEFAULT_)?TIMEOUT|NO_CACHE_DIR|PROXY|RETRIES|RESUME_RETRIES|TRUSTED_HOST)$/,
  /^UV_(?:CACHE_DIR|NO_CACHE|CONCURRENT_\w+|HTTP_\w+|REQUEST_TIMEOUT|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|OFFLINE)$/,
];

/**
 * The environment of an installer, made from that of this process.
 *
 * Variables override the configuration files of pip. The variables set here therefore also override a `pip.conf`.
 *
 * @param isOffline whether nothing may be taken from anywhere but a folder: then no setting of a source remains.
 */
export function installerEnvironment(env: NodeJS.ProcessEnv, isOffline: boolean): NodeJS.ProcessEnv {
  const kept = isOffline ? transportSettings : [...sourceSettings, ...transportSettings];
  const isKept = (name: string): boolean =>
    !/^(?:PIP|PYTHON|UV|VIRTUAL_ENV|CONDA_PREFIX)(?:_|$)|^(?:PYTHON|__PYVENV)/i.test(name) ||
    kept.some((pattern) => pattern.test(name));
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => isKept(name))),
    ...(isOffline && { PIP_CONFIG_FILE: process.platform === 'win32' ? 'nul' : '/dev/null' }),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_DRY_RUN: '0',
    PIP_NO_INPUT: '1',
    PIP_REQUIRE_VIRTUALENV: '0',
    // An empty variable would count as missing, and the value of a pip.conf would apply.
    PIP_ROOT: '/',
    PIP_USER: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    UV_PYTHON_DOWNLOADS: 'never',
  };
}

// The end of the output of an installer contains the reason of a failure; the rest may be long.
const keptOutput = 4000;

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Receives each line of standard output. A line for which it returns true is not kept. */
  readonly onLine?: ((line: string) => boolean) | undefined;
}

export interface CommandResult {
  readonly exitCode: number | null;
  /** The end of what it wrote to either stream. */
  readonly output: string;
}

/** Runs a command without a shell. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, signal, onLine }: CommandOptions,
): Promise<CommandResult> {
  const { spawn } = await import('node:child_process');
  const { createInterface } = await import('node:readline');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, ...(signal && { signal }), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text: string) => {
      output = (output + text).slice(-keptOutput);
    };
    child.stderr.setEncoding('utf8').on('data', keep);
    if (onLine === undefined) child.stdout.setEncoding('utf8').on('data', keep);
    else createInterface(child.stdout).on('line', (line) => onLine(line) || keep(`${line}\n`));
    child.on('error', reject).on('close', (exitCode) => resolve({ exitCode, output }));
  });
}
