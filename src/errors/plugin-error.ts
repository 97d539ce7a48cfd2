import { assignKnown, nameErrorClass } from './fidius-error.ts';
import { isError } from './is-error.ts';

const brand = Symbol.for('fidius.plugin-error');

/** Facts about an exception of plugin code. It is plain data that can be sent to other threads and processes. */
export interface PluginErrorData {
  /** The plugin's own code: `PluginError.code` in Python, otherwise the name of the exception's class. */
  readonly code: string;
  /** `str()` of the exception. */
  readonly message: string;
  /** `PluginError.details`; `null` or left out when the plugin gave none. */
  readonly details?: unknown;
  /** Qualified name of the exception's class, such as `ValueError` or `json.decoder.JSONDecodeError`. */
  readonly pythonType: string;
  /** What Python would have printed: frames, the exception, and the chain of its causes. Never frame locals. */
  readonly traceback: string;
}

/**
 * An exception that plugin code raised. Errors of this library are `FidiusError`s.
 *
 * The mapping from Python's exceptions is that of the Rust host (spec 3.6), with the traceback as a separate field.
 */
export class PluginError extends Error {
  /** `PluginError.code` of the Python SDK, otherwise the name of the exception class, such as `ValueError`. */
  readonly code: string;
  /** What the plugin gave with the error; `undefined` when nothing. */
  declare readonly details: unknown;
  /** Qualified name of the exception class, such as `ValueError` or `json.decoder.JSONDecodeError`. */
  readonly pythonType: string;
  /** The text that Python would have printed, with the chain of causes. It never contains frame locals. */
  readonly traceback: string;
  /** Name of the plugin whose code raised. */
  readonly plugin: string;
  /** Name of the method that was called. */
  readonly method: string;
  /** What the host can do about it, where the exception is one that has to do with how plugins are run. */
  declare readonly hint: string | undefined;

  static {
    nameErrorClass(this, 'details', 'hint');
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(data: PluginErrorData, where: { readonly plugin: string; readonly method: string }, hint?: string) {
    super(data.message);
    this.code = data.code;
    this.pythonType = data.pythonType;
    this.traceback = data.traceback;
    this.plugin = where.plugin;
    this.method = where.method;
    assignKnown<PluginError>(this, { details: data.details ?? undefined, hint });
  }
}

/** True for a {@link PluginError}, also one made by another copy of this library. */
export function isPluginError(value: unknown): value is PluginError {
  return isError(value) && brand in value;
}
