import { throwUncaught } from '../node/timers.ts';

/** Calls a listener of the user. An error that it throws becomes an uncaught exception and does not affect the caller. */
export function emitSafely<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event);
  } catch (error) {
    throwUncaught(error);
  }
}
