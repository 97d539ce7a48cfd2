import type { CommandIo } from '../command-io.ts';

type Listener = Pick<CommandIo, 'stderr' | 'verbosity'>;

/** Prints a remark about a result, unless the command is quiet. */
export function note({ stderr, verbosity }: Listener, text: string): void {
  if (verbosity !== 'quiet') stderr.write(`note: ${text}\n`);
}

/** Prints what the user should look at although the command succeeds, unless the command is quiet. */
export function warn({ stderr, verbosity }: Listener, text: string): void {
  if (verbosity !== 'quiet') stderr.write(`warning: ${text}\n`);
}
