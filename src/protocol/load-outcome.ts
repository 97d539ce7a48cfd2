import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { closest } from '../errors/closest.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { formatHash, InterfaceHashMismatchError, LoadError, type LoadPlace } from '../errors/load-error.ts';
import { type ErrorDescription, toPluginError } from './error-description.ts';
import type { PackageSource } from './load-request.ts';

/** The outcome of a successful load, as `runtime/fidius_host/plugins/loading.py` returns it. */
export interface LoadedPackage {
  /** Number of the plugin in its interpreter. */
  readonly plugin: number;
  /** File of the entry module. */
  readonly file: string;
  /** How each method answers. */
  readonly methods: readonly MethodKind[];
  /** Names and files of the external modules that were imported for it: see `external_modules.py`. */
  readonly external: readonly (readonly [module: string, path: string])[];
  /** The parameters of each method; `null` where they are unknown. */
  readonly parameters: readonly (MethodParameters | null)[];
}

/** The parameters of a Python function, as far as calls with positional arguments depend on them. */
export interface MethodParameters {
  /** Number of arguments that it requires. */
  readonly required: number;
  /** Number of arguments that it accepts; `null` for any number. */
  readonly most: number | null;
  /** The parameters as Python writes them, such as `name`, `greeting=…` and `*others`. */
  readonly names: readonly string[];
  /** Names of the parameters that are required and cannot be passed by position. */
  readonly keywordOnly: readonly string[];
}

/** How a method of a plugin answers; `absent` for an optional method that the plugin does not define. */
export type MethodKind = 'absent' | 'function' | 'coroutine' | 'generator' | 'asyncGenerator';

/**
 * Reads the outcome of a load, wherever it ran.
 *
 * @throws {@link LoadError} if the load has failed.
 */
export function readLoadOutcome(outcome: unknown, source: PackageSource): LoadedPackage {
  if ((outcome as Partial<Failure>).failure === undefined) return outcome as LoadedPackage;
  throw toError({ ...(outcome as Omit<Failure, 'folder'>), folder: source.folder }, source);
}

/** A failed load, as `LoadFailure` of `loading.py` describes it. Which fields exist depends on the kind. */
interface Failure {
  readonly failure: FailureKind;
  readonly module: string;
  readonly method: string;
  readonly attribute: string;
  readonly found: string;
  readonly got: number | bigint;
  /** A host interface: its name, the module that declares it, and what the host provides. */
  readonly name: string;
  readonly declaredBy: string;
  readonly version: number;
  readonly providedVersion: number;
  readonly providedHash: number | bigint;
  readonly reason: CollisionReason;
  readonly first: string;
  readonly second: string;
  readonly error: ErrorDescription;
  /** Folder of the Python environment. */
  readonly environment: string;
  /** Names of the functions that it has. */
  readonly names?: readonly string[];
  /** Whether the module makes its methods in `__fidius_configure__`. */
  readonly configures?: boolean;
  /** Whether the methods were looked up in what `__fidius_configure__` returned. */
  readonly configured?: boolean;
  /** Folder of the package. */
  readonly folder: string;
}

type FailureKind = keyof typeof explanations;

interface Explanation {
  readonly code: ErrorCode;
  readonly message: (failure: Failure) => string;
  readonly hint: string;
}

type CollisionReason = 'packages' | 'environment' | 'outside' | 'standard' | 'compiled' | 'changed';

/** One name that means different code to two that share an interpreter. */
const collisions: Readonly<Record<CollisionReason, Omit<Explanation, 'code'>>> = {
  packages: {
    message: ({ module, first, second }) =>
      `its module ${module} (${second}) has the name of another package's module (${first}), and one would run the other's code`,
    hint: 'Rename one of the modules, bring the same files in both packages, or load one of them in a process of its own.',
  },
  environment: {
    message: ({ module, first, second }) =>
      `its module ${module} (${second}) differs from the module of that name in the Python environment (${first}), which is imported already`,
    hint: 'Vendor the version of the environment, rename the module if it is your own, or use a Python environment without it.',
  },
  outside: {
    message: ({ module, first, second }) =>
      `it imports the module ${module} of the Python environment (${second}), and a package is open that has another of that name (${first})`,
    hint: 'Use the same version in both, or load one of the packages in a process of its own.',
  },
  standard: {
    message: ({ module, first, second }) =>
      `it imports its module ${module} (${second}), whose name belongs to the standard library (${first})`,
    hint: 'Rename the module; if it is vendored, remove it.',
  },
  compiled: {
    message: ({ module, first, second }) =>
      `its module ${module} (${second}) differs from the copy that is loaded (${first}), and a compiled module cannot be loaded twice in one process`,
    hint: 'Restart the process to load the other version, or load it in a process of its own.',
  },
  changed: {
    message: ({ module, first, second }) =>
      `its module ${module} (${second}) was changed on disk after it was imported (${first}), and plugins that are open use what was imported`,
    hint: 'Close the plugins that use it, or restart the process.',
  },
};

const explanations = {
  search_path: {
    code: 'FIDIUS_SEARCH_PATH',
    message: ({ found }) => `sys.path is not a list, some plugin made it a ${found}`,
    hint: 'Find the plugin that assigns to sys.path, and have it change the list instead.',
  },
  collision: {
    code: 'FIDIUS_MODULE_COLLISION',
    message: (failure) => collisions[failure.reason].message(failure),
    hint: '',
  },
  foreign: {
    code: 'FIDIUS_ENTRY_MODULE_FOREIGN',
    message: ({ module, found }) =>
      `entry module ${module} must come from the package, but the name belongs to ${found}`,
    hint: 'Rename the entry module to something of your own, in the file name and in [python] entry_module.',
  },
  not_found: {
    code: 'FIDIUS_ENTRY_MODULE_NOT_FOUND',
    message: ({ module }) => `the package contains no module ${module}`,
    hint: 'Check [python] entry_module against the files of the package.',
  },
  external: {
    code: 'FIDIUS_IMPORT_EXTERNAL',
    message: ({ module, found, environment }) =>
      `it imports ${module} (${found}), which lies neither in the package, nor in the standard library, nor in the Python environment (${environment})`,
    hint: 'Vendor the module, install it in the environment, or load the package with externalImports: "allow".',
  },
  import: {
    code: 'FIDIUS_IMPORT_FAILED',
    message: ({ module, error, folder }) =>
      `importing ${module} failed${raisedAt(error.traceback, folder)} with ${error.pythonType}: ${error.message}`,
    hint: 'See `cause.traceback` for the calls that led there.',
  },
  attribute: {
    code: 'FIDIUS_INTERFACE_HASH_MISSING',
    message: ({ module, attribute }) => `entry module ${module} has no ${attribute}`,
    hint: 'Generate the stub of the interface (`fidius stub`) and copy its __interface_hash__ line into the module.',
  },
  hash_type: {
    code: 'FIDIUS_INTERFACE_HASH_INVALID',
    message: ({ module, found }) => `__interface_hash__ of ${module} must be an int, is a ${found}`,
    hint: 'Write the hash as a number (0x…), not as text.',
  },
  hash_range: {
    code: 'FIDIUS_INTERFACE_HASH_INVALID',
    message: ({ module, got }) => `__interface_hash__ of ${module} must be from 0 to 2^64 - 1, is ${shortened(got)}`,
    hint: 'Copy the hash from the generated stub of the interface.',
  },
  method: {
    code: 'FIDIUS_METHOD_MISSING',
    message: ({ module, method, error, configured = false }) =>
      configured
        ? `what __fidius_configure__() of ${module} returned has no method ${method} (${error.message})`
        : `entry module ${module} has no method ${method} (${error.message})`,
    hint: 'Define a function of that name at the top level of the entry module.',
  },
  host_interface: {
    code: 'FIDIUS_HOST_INTERFACE_MISMATCH',
    message: ({ declaredBy, name, version, got, providedVersion, providedHash }) =>
      version === providedVersion
        ? `its module ${declaredBy} was written for the host interface ${name} with the hash ${formatHash(BigInt(got))}, and the host provides ${formatHash(BigInt(providedHash))}`
        : `its module ${declaredBy} was written for version ${version} of the host interface ${name}, and the host provides version ${providedVersion}`,
    hint: 'Create the module again with `fidius stub` from the host interface of this host, or provide the older one.',
  },
  unconfigurable: {
    code: 'FIDIUS_CONFIG_UNSUPPORTED',
    message: ({ module }) => `it cannot be configured: entry module ${module} has no __fidius_configure__()`,
    hint: 'Define `def __fidius_configure__(config)`, which returns an object with the methods, or load it without `config`.',
  },
  configure: {
    code: 'FIDIUS_CONFIG_REFUSED',
    message: ({ module, error, folder }) =>
      `__fidius_configure__() of ${module} failed${raisedAt(error.traceback, folder)} with ${error.code}: ${error.message}`,
    hint: 'Correct the configuration; `cause` has the code and the details of the plugin.',
  },
  configured_none: {
    code: 'FIDIUS_CONFIG_REFUSED',
    message: ({ module }) => `__fidius_configure__() of ${module} returned None`,
    hint: 'Return the object whose methods the host calls.',
  },
  callable: {
    code: 'FIDIUS_METHOD_NOT_CALLABLE',
    message: ({ module, method, found }) => `${method} of entry module ${module} is a ${found}, not a function`,
    hint: 'Define a function of that name at the top level of the entry module.',
  },
  hash: { code: 'FIDIUS_INTERFACE_HASH_MISMATCH', message: () => '', hint: '' },
} as const satisfies Record<string, Explanation>;

function toError(failure: Failure, { plugin, folder, origin = folder, descriptor }: PackageSource): LoadError {
  const { module, method, attribute, first, second, error } = failure;
  const collidingPaths = failure.failure === 'collision' ? ([first, second] as const) : undefined;
  const place: LoadPlace = {
    path: origin,
    interface: descriptor.interfaceName,
    module,
    method,
    attribute,
    collidingPaths,
  };
  if (failure.failure === 'hash') {
    const got = BigInt(failure.got);
    return new InterfaceHashMismatchError(place, got, descriptor.interfaceHash, hashHint(got, descriptor, module));
  }
  const { code, message, hint: usualHint }: Explanation = explanations[failure.failure];
  const advice = failure.failure === 'collision' ? collisions[failure.reason].hint : usualHint;
  if (error === undefined) return new LoadError(code, message(failure), place, { hint: advice });
  const cause = toPluginError(error, { plugin, method: method ?? '' });
  const near = method === undefined ? undefined : closest(method, failure.names ?? []);
  const renaming = near === undefined ? undefined : `Rename ${near}() to ${method}().`;
  const usual = failure.configures ? configuredHint : failure.configured ? configuredMethodHint : advice;
  const hint = cause.hint ?? renaming ?? usual;
  return new LoadError(code, message(failure), place, { hint, cause });
}

const configuredHint =
  'The module makes its methods in __fidius_configure__(): declare `config` in the interface, and pass it to `load()`.';

const configuredMethodHint =
  'Define a method of that name in the class of the object that __fidius_configure__() returns.';

function hashHint(got: bigint, descriptor: InterfaceDescriptor, module: string): string {
  const { interfaceName, interfaceHash, standaloneHash, rustStubHash } = descriptor;
  const line = `write \`__interface_hash__ = ${formatHash(interfaceHash)}\` into the module ${module}`;
  if (got === rustStubHash && got !== standaloneHash) {
    return `No function has to change: ${line}. The Rust tool's \`fidius python-stub\` writes ${formatHash(got)}, which no host expects.`;
  }
  if (got === standaloneHash) {
    return `No function has to change: ${line}. The present hash is that of the other spelling of the same types (${formatHash(got)}).`;
  }
  return `Adapt its functions to the host's version of ${interfaceName}, and ${line}; \`fidius stub\` prints both for an interface.`;
}

/** The line of the package that raised, or the innermost one: ` at <file>:<line>`. */
function raisedAt(traceback: string, folder: string): string {
  // The last section is about the exception itself; those before it are about its causes.
  const section = traceback.slice(Math.max(traceback.lastIndexOf('Traceback (most recent call last):'), 0));
  const frames = [...section.matchAll(/^ {2}File "(.*)", line (\d+)/gm)].map(([, file = '', line = '']) => ({
    file,
    line,
  }));
  const own = frames.findLast(({ file }) => file.startsWith(folder) && /[\\/]/.test(file.charAt(folder.length)));
  const { file, line } = own ?? frames.at(-1) ?? {};
  return file === undefined ? '' : ` at ${file}:${line}`;
}

function shortened(value: number | bigint): string {
  const text = String(value);
  return text.length <= 40 ? text : `an integer of ${text.length} digits`;
}
