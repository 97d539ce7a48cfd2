/** The public surface: re-exports, nothing else. */

export { type ErrorCode, errorCodes } from './errors/codes.ts';
export { FidiusError, type FidiusErrorOptions, isFidiusError } from './errors/fidius-error.ts';
export { isPluginError, PluginError, type PluginErrorData } from './errors/plugin-error.ts';
