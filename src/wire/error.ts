import { type ErrorCode, errorCodes } from '../errors/codes.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { isError } from '../errors/is-error.ts';
import { describe } from '../errors/options.ts';
import { isPluginError, PluginError } from '../errors/plugin-error.ts';

/**
 * An error as plain data, for frames between threads and processes. A structured clone of an error would lose its name,
 * its code and every field.
 */
export type ErrorData = FidiusErrorData | PluginErrorRecord | OtherErrorData;

/** A complaint of this library. */
export interface FidiusErrorData {
  readonly kind: 'fidius';
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly stack: string | null;
  readonly cause: ErrorData | null;
  /** What a subclass carries beyond that, by field. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the code of a plugin raised. */
export interface PluginErrorRecord {
  readonly kind: 'plugin';
  readonly code: string;
  readonly message: string;
  readonly details: unknown;
  readonly pythonType: string;
  readonly traceback: string;
  readonly plugin: string;
  readonly method: string;
  readonly hint: string | null;
}

/** Anything else that was thrown. */
export interface OtherErrorData {
  readonly kind: 'other';
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: ErrorData | null;
}

/** A chain of causes is followed so far; it may be a ring. */
const LONGEST_CHAIN = 8;

/** The plain form of whatever was thrown, its causes included. */
export function toErrorData(error: unknown): ErrorData {
  return toData(error, LONGEST_CHAIN);
}

function toData(error: unknown, causes: number): ErrorData {
  if (isPluginError(error)) {
    const { code, message, details, pythonType, traceback, plugin, method, hint = null } = error;
    return { kind: 'plugin', code, message, details, pythonType, traceback, plugin, method, hint };
  }
  if (!isError(error)) {
    return { kind: 'other', name: 'Error', message: `${describe(error)} was thrown`, stack: null, cause: null };
  }
  const { name, message, stack = null, cause } = error;
  const causeData = cause === undefined || causes === 0 ? null : toData(cause, causes - 1);
  if (!isFidiusError(error)) return { kind: 'other', name, message, stack, cause: causeData };
  const { code, hint = null, ...fields } = error;
  return { kind: 'fidius', name, code, message, hint, stack, cause: causeData, fields };
}

/**
 * The error that `data` tells of: a `PluginError`, a `FidiusError` with the code and the fields it had, or a plain
 * `Error`. Its stack is that of the far side.
 *
 * @throws FidiusError `FIDIUS_WIRE_CORRUPT` when `data` is no {@link ErrorData}; it comes from outside and is not trusted.
 */
export function fromErrorData(data: unknown): Error {
  return fromData(data, LONGEST_CHAIN);
}

function fromData(data: unknown, causes: number): Error {
  const record = new ErrorRecord(data);
  switch (record.text('kind')) {
    case 'plugin':
      return readPluginError(record);
    case 'fidius':
      return readFidiusError(record, causes);
    case 'other':
      return restore(new Error(record.text('message'), causeOf(record, causes)), record);
    default:
      throw corrupt(`of the unknown kind ${describe(record.get('kind'))}`);
  }
}

function readPluginError(record: ErrorRecord): PluginError {
  const details = record.get('details') ?? undefined;
  return new PluginError(
    {
      code: record.text('code'),
      message: record.text('message'),
      ...(details === undefined ? {} : { details }),
      pythonType: record.text('pythonType'),
      traceback: record.text('traceback'),
    },
    { plugin: record.text('plugin'), method: record.text('method') },
    record.optionalText('hint'),
  );
}

function readFidiusError(record: ErrorRecord, causes: number): FidiusError {
  const code = record.text('code');
  if (!isErrorCode(code)) throw corrupt(`with the unknown code ${describe(code)}`);
  const hint = record.optionalText('hint');
  const error = new FidiusError(code, record.text('message'), { ...causeOf(record, causes), hint });
  for (const [name, value] of Object.entries(record.object('fields'))) {
    if (name in error) throw corrupt(`with the field ${describe(name)}, which every error has`);
    Object.defineProperty(error, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return restore(error, record);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

function causeOf(record: ErrorRecord, causes: number): { cause?: Error } {
  const cause = record.get('cause') ?? undefined;
  return cause === undefined || causes === 0 ? {} : { cause: fromData(cause, causes - 1) };
}

function restore<T extends Error>(error: T, record: ErrorRecord): T {
  const name = record.text('name');
  const stack = record.optionalText('stack');
  if (name !== error.name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Fields of an untrusted object; each must be there and of its type. */
class ErrorRecord {
  readonly #data: Readonly<Record<string, unknown>>;

  constructor(data: unknown) {
    if (!isObject(data)) throw corrupt(`that is ${describe(data)}`);
    this.#data = data;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#data, name) ? this.#data[name] : undefined;
  }

  text(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') throw corrupt(`whose ${name} is ${describe(value)}`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.get(name) == null ? undefined : this.text(name);
  }

  object(name: string): object {
    const value = this.get(name);
    if (!isObject(value)) throw corrupt(`whose ${name} is ${describe(value)}`);
    return value;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(what: string): FidiusError {
  return new FidiusError(
    'FIDIUS_WIRE_CORRUPT',
    `Cannot read an error from another thread or process: an error ${what}`,
  );
}
