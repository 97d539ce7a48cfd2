import { FidiusError, nameErrorClass } from '../errors/fidius-error.ts';

/** The command line was typed wrongly. Ends the program with exit code 2 instead of 1. */
export class UsageError extends FidiusError {
  static {
    nameErrorClass(this);
  }

  constructor(message: string, hint?: string) {
    super('FIDIUS_CLI_USAGE', message, { hint });
  }
}
