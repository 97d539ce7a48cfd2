import { constants } from 'node:os';

/** Why a command gave up: somebody pressed Ctrl-C, or asked the program to end. */
export class Interruption extends Error {
  /** As a shell gives it for a program that a signal ended: 130 after Ctrl-C. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}
