import { subscribe } from 'node:diagnostics_channel';
import { messageOf } from '../../errors/is-error.ts';
import { describeVendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';
import type { LoadEvent } from './load-channel.ts';

let listening = false;

/**
 * Prints the events of the channel `fidius:load` to stderr when `FIDIUS_DEBUG` is set to anything but `0`. Only the first call
 * has an effect.
 */
export function printLoads(env: NodeJS.ProcessEnv): void {
  if (listening || (env['FIDIUS_DEBUG'] ?? '0') === '0' || env['FIDIUS_DEBUG'] === '') return;
  listening = true;
  subscribe('fidius:load', (message) => {
    const event = message as LoadEvent;
    for (const line of [...warnings(event), loadLine(event)]) console.error(`fidius: ${line}`);
  });
}

function warnings({ phase, skipped = [], vendorConflicts = [] }: LoadEvent): string[] {
  if (phase === 'start') return [];
  return [
    ...skipped.map(({ path, reason }) => `skipped ${path}: ${reason.message}`),
    ...vendorConflicts.map((conflict) => describeVendorConflict(conflict).message),
  ];
}

function loadLine({ phase, path, interface: name, plugin, entryModule, durationMs, error }: LoadEvent): string {
  const took = durationMs === undefined ? '' : ` after ${durationMs.toFixed(1)} ms`;
  switch (phase) {
    case 'start':
      return `loading ${path ?? plugin} for ${name}`;
    case 'end':
      return `loaded ${plugin} (module ${entryModule}) from ${path}${took}`;
    case 'error':
      return `failed to load ${path ?? plugin}${took}: ${messageOf(error)}`;
  }
}
