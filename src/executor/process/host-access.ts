import type { ProcessOutputListener } from './child-output.ts';

// What only the process of the host can do for its children.

/**
 * Ends all processes of a group.
 *
 * @param leader a process that Node has not reaped: until then, no other group can have its number.
 */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // The child has not created its group yet. It is killed itself.
  }
}

/** Writes output of a process whose host does not listen to where the output of plugins in this process goes. */
export const writeToStderr: ProcessOutputListener = (_stream, line) => {
  process.stderr.write(`${line}\n`);
};
