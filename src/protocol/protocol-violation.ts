import { FidiusError } from '../errors/fidius-error.ts';

/** The error for a frame that is invalid or unexpected. The connection cannot be used any more. */
export function protocolViolation(message: string): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', message, {
    hint: 'Look for a plugin that writes to descriptors that it did not open; if there is none, report this error.',
  });
}
