import type { CommandIo } from '../../src/cli/command.ts';

export interface RememberedIo extends CommandIo {
  /** What was written so far. */
  readonly output: { stdout: string; stderr: string };
}

/** A world for commands that keeps what they write. */
export function rememberedIo(world: Partial<Pick<CommandIo, 'cwd' | 'env' | 'self'>> = {}): RememberedIo {
  const output = { stdout: '', stderr: '' };
  return {
    output,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    isTty: false,
    cwd: world.cwd ?? process.cwd(),
    env: world.env ?? {},
    self: world.self ?? [process.execPath],
  };
}
