/**
 * Every code the library can raise, with the sentence that `docs/reference/errors.md` prints for it.
 *
 * A code is public: it is never renamed and never comes to mean something else. One that is no longer raised moves to
 * {@link retiredCodes}, so that nobody gives the name a second life. Keep each section sorted by code.
 */
export const errorCodes = {
  // misuse of the API
  FIDIUS_ARGUMENT_INVALID: 'A function of this library was called with an argument of the wrong type or range.',
  FIDIUS_OPTION_INVALID: 'An option has a value of the wrong type or out of range.',
  FIDIUS_OPTION_UNKNOWN: 'An option was passed that the function does not have; the message suggests the nearest name.',

  // contract: interfaces, types, stubs

  // values that cross to and from Python
  FIDIUS_VALUE_ARGUMENT:
    'An argument cannot cross to Python: it has no exact counterpart, or does not fit the declared type.',
  FIDIUS_VALUE_CYCLE: 'A value contains itself and therefore has no finite form to send.',
  FIDIUS_VALUE_RESULT: 'What Python returned cannot cross to JavaScript, or does not fit the declared type.',
  FIDIUS_WIRE_CORRUPT: 'Bytes that should hold an encoded value or a message do not; they were refused unread.',

  // packages: manifest, digest, signature, archive, store
  FIDIUS_MANIFEST_INVALID: 'The manifest parses, but its runtime and its sections do not belong together.',
  FIDIUS_MANIFEST_NOT_FOUND: 'The folder holds no `package.toml`.',
  FIDIUS_MANIFEST_PARSE: 'The manifest is not valid TOML, or a field is missing or of the wrong type.',
  FIDIUS_MANIFEST_UNREADABLE: 'The manifest exists but cannot be read as UTF-8 text.',

  // finding and starting CPython
  FIDIUS_PYTHON_NOT_FOUND: 'None of the places that were searched holds a CPython; the message lists them.',

  // loading a package

  // calls
  FIDIUS_CALL_INDEX: 'A method was called by an index that the interface does not have.',
  FIDIUS_CALL_WIRE_MODE: 'A raw method was called as a typed one, or a typed one as raw.',

  // executors and hosts
  FIDIUS_HOST_CLOSED: 'The host was closed; it loads nothing and runs nothing any more.',
  FIDIUS_PLUGIN_CLOSED: 'The plugin was closed; its methods cannot be called any more.',

  // command line
} as const satisfies Record<`FIDIUS_${string}`, string>;

export type ErrorCode = keyof typeof errorCodes;

/** Codes that were raised by an earlier release. Their names are not used again. */
export const retiredCodes: readonly string[] = [];
