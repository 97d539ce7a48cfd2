import type { ProcessOutputListener } from './child-output.ts';

// What only the process of the host can do for its children.

/**
 * Ends all processes of a group.
 *
 * @param leader a process that Node has not reaped, or whose group still has members: no other group can have its number.
 */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // The child has not created its group yet. It is killed itself.
  }
}

/**
 * Ends what is left of the group of a process that was reaped.
 *
 * The system gives no process the number of a group that still has members. If a process has the number of the leader, the group
 * was empty, and the number belongs to someone else.
 */
export function killLeftGroup(leader: number): void {
  try {
    process.kill(leader, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') killGroup(leader);
  }
}

/** Writes output of a process whose host does not listen to where the output of plugins in this process goes. */
export const writeToStderr: ProcessOutputListener = (_stream, line) => {
  process.stderr.write(`${line}\n`);
};

/** Calls a function when this JavaScript thread exits. */
export function onExit(callback: () => void): void {
  process.once('exit', callback);
}
