import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CliOutcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** The program and the first arguments of the command line, run from its sources. */
export const fidius: readonly [string, ...string[]] = [process.execPath, '--import', tsx, main];

/** Runs `fidius` as a user does: in a process of its own. */
export function runFidius(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): CliOutcome {
  const [program, ...before] = fidius;
  const settings = { encoding: 'utf8', timeout: 60_000, ...options } as const;
  const { status, signal, stdout, stderr } = spawnSync(program, [...before, ...argv], settings);
  return { exitCode: status, signal, stdout, stderr };
}
