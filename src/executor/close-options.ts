import { checkTimeout, invalidOption } from '../errors/option-values.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import type { CloseOptions } from './executor.ts';

/**
 * Checks the options of closing.
 *
 * @param place how the reader knows the function, such as `PluginHost.close()`.
 * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`.
 */
export function checkCloseOptions(place: string, options: CloseOptions): void {
  checkOptionNames(place, options, ['mode', 'timeoutMs']);
  checkTimeout('timeoutMs', options.timeoutMs);
  const { mode } = options;
  if (mode === undefined || mode === 'drain' || mode === 'abort') return;
  throw invalidOption(`mode must be "drain" or "abort", got ${describe(mode)}`, mode, 'string');
}
