import { hostname } from 'node:os';
import { ioCode } from '../../errors/is-error.ts';
import { crypto } from '../digest/crypto.ts';

let knownMachine: string | undefined;

/** Eight hex digits that distinguish this machine from others which use the same disk. */
export function machine(): string {
  // Not when the module is loaded: the first hash of a process takes several milliseconds.
  knownMachine ??= crypto().createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  return knownMachine;
}

/** Whether there is a process of this number on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, but belongs to another user.
    return ioCode(error) === 'EPERM';
  }
}
