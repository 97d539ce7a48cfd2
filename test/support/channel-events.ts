import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

/** Everything that a diagnostics channel publishes until the end of the test. */
export function recordEvents<Event>(channel: string): Event[] {
  const events: Event[] = [];
  const listener = (event: unknown) => void events.push(event as Event);
  subscribe(channel, listener);
  onTestFinished(() => void unsubscribe(channel, listener));
  return events;
}
