// The end of the output of an installer contains the reason of a failure; the rest may be long.
const keptOutput = 4000;

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
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
  { cwd, env, signal }: CommandOptions,
): Promise<CommandResult> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, ...(signal && { signal }), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-keptOutput);
      });
    }
    child.on('error', reject).on('close', (exitCode) => resolve({ exitCode, output }));
  });
}
