import { throwUncaught } from '../node/timers.ts';

/** Tells a listener of the user's. What it throws becomes an uncaught exception, and harms nothing here. */
export function emitSafely<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event);
  } catch (error) {
    throwUncaught(error);
  }
}
