import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { checkOptionNames, describe } from '../../errors/options.ts';
import { ManifestError } from '../../errors/package-errors.ts';
import { manifestFileName, readManifestText } from './manifest-text.ts';
import { IssueCollector, isTable, TableReader, type TomlData, toTomlData } from './table-reader.ts';
import { findTomlPositions } from './toml-positions.ts';

/**
 * The manifest of a package, `package.toml`. See docs/reference/manifest.md.
 *
 * Its `runtime` determines which section it has.
 */
export type Manifest<Metadata = unknown> = RustManifest<Metadata> | PythonManifest<Metadata> | WasmManifest<Metadata>;

/** What every manifest has: `[package]` and `[metadata]`. */
export interface ManifestHeader<Metadata = unknown> {
  /** Free text. It must be checked before it becomes part of a path. */
  readonly name: string;
  /** Free text for the format; usually a semantic version. */
  readonly version: string;
  /** Name of the interface that the package says it implements. */
  readonly interface: string;
  /** Version of the interface, from 0 to 4,294,967,295. */
  readonly interfaceVersion: number;
  /** Extension of the package's archive, without dot; `fid` unless the manifest says otherwise. */
  readonly extension: string;
  /** `[metadata]`: the result of the host's validator, or the TOML data if there is none. */
  readonly metadata: Metadata;
}

/** The manifest of a package with a Rust library. */
export interface RustManifest<Metadata = unknown> extends ManifestHeader<Metadata> {
  /** A dynamic library of Rust; this library does not load it. */
  readonly runtime: 'rust';
}

/** The manifest of a Python package. */
export interface PythonManifest<Metadata = unknown> extends ManifestHeader<Metadata> {
  /** Python code, which this library loads. */
  readonly runtime: 'python';
  /** `[python]`: the entry module and the requirements. */
  readonly python: {
    /** Dotted name of the module that holds the methods. */
    readonly entryModule: string;
    /** Path of the requirements file, relative to the package; `requirements.txt` unless the manifest says otherwise. */
    readonly requirements: string;
  };
}

/** The manifest of a package with a WebAssembly component. */
export interface WasmManifest<Metadata = unknown> extends ManifestHeader<Metadata> {
  /** A WebAssembly component; this library does not load it. */
  readonly runtime: 'wasm';
  /** `[wasm]`: the component and the capabilities that it asks for. */
  readonly wasm: {
    /** File of the component, relative to the package. */
    readonly component: string;
    /** File of the component compiled ahead of time, if the package has one. */
    readonly precompiled: string | undefined;
    readonly capabilities: readonly string[];
  };
}

/** Options of reading a manifest. */
export interface ManifestOptions<Metadata = unknown> {
  /**
   * Validates `[metadata]`, at once and not by a promise: any Standard Schema validator (zod, valibot, …).
   *
   * @default no validation: `metadata` is the TOML data
   */
  readonly metadata?: StandardSchema<Metadata>;
}

/**
 * Reads and checks `package.toml` in a folder.
 *
 * @throws FidiusError `FIDIUS_MANIFEST_NOT_FOUND`, `FIDIUS_MANIFEST_UNREADABLE`; and what {@link parseManifest} throws.
 */
export function readManifest<Metadata = unknown>(
  dir: string,
  options: ManifestOptions<Metadata> = {},
): Manifest<Metadata> {
  checkManifestOptions('readManifest()', options);
  if (typeof dir !== 'string') {
    throw new FidiusTypeError(
      'FIDIUS_ARGUMENT_INVALID',
      `readManifest() takes the path of a folder, got ${describe(dir)}`,
    );
  }
  return parseManifest(readManifestText(dir), join(dir, manifestFileName), options);
}

/**
 * Checks the text of a `package.toml`.
 *
 * The document is first bound to its schema (fields, types, ranges, metadata); only when nothing is wrong with that are the
 * runtime and its sections compared. Each of the two steps reports all of its problems at once.
 *
 * @param origin where the text came from, for the error message.
 * @throws {@link ManifestError} with `FIDIUS_MANIFEST_PARSE` for the first step, `FIDIUS_MANIFEST_INVALID` for the second.
 */
export function parseManifest<Metadata = unknown>(
  text: string,
  origin: string,
  options: ManifestOptions<Metadata> = {},
): Manifest<Metadata> {
  const issues = new IssueCollector(() => findTomlPositions(text));
  const document = parseToml(text, origin);
  const data = toTomlData(document, [], (keys, message) => issues.report(keys, message));
  const fields = new TableReader(document, [], issues);

  const header = fields.table('package');
  if (header === undefined) fields.report('package', 'is missing, must be a table');
  const name = header?.line('name') ?? '';
  const version = header?.line('version') ?? '';
  const interfaceName = header?.line('interface') ?? '';
  const interfaceVersion = header?.uint32('interface_version') ?? 0;
  const extension = header?.line('extension', 'fid') ?? 'fid';
  const runtime = header?.string('runtime', 'rust') ?? 'rust';
  const python = readPython(fields.table('python'));
  const wasm = readWasm(fields.table('wasm'));
  const metadata = readMetadata(data, issues, options.metadata);
  if (issues.count > 0) throw new ManifestError('FIDIUS_MANIFEST_PARSE', origin, issues.list);

  checkSections(runtime, fields);
  if (issues.count > 0) throw new ManifestError('FIDIUS_MANIFEST_INVALID', origin, issues.list);

  const common = { name, version, interface: interfaceName, interfaceVersion, extension, metadata };
  if (python !== undefined) return { ...common, runtime: 'python', python };
  if (wasm !== undefined) return { ...common, runtime: 'wasm', wasm };
  return { ...common, runtime: 'rust' };
}

function checkManifestOptions(place: string, options: ManifestOptions): void {
  checkOptionNames(place, options, ['metadata']);
  if (options.metadata !== undefined && !isStandardSchema(options.metadata)) {
    throw new FidiusTypeError(
      'FIDIUS_OPTION_INVALID',
      `Option "metadata" of ${place} must be a Standard Schema validator, got ${describe(options.metadata)}`,
      { hint: 'Pass a schema of zod, valibot, arktype or another library that implements Standard Schema.' },
    );
  }
}

function parseToml(text: string, origin: string): object {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The parser's message ends in an excerpt of the text; the place says the same in one line.
    const message = (cause.message.split('\n', 1)[0] ?? '').replace(/^Invalid TOML document: /, '');
    const issue = { path: '', message, line: cause.line, column: cause.column };
    throw new ManifestError('FIDIUS_MANIFEST_PARSE', origin, [issue], { cause });
  }
}

function readPython(fields: TableReader | undefined): PythonManifest['python'] | undefined {
  if (fields === undefined) return undefined;
  return {
    entryModule: fields.line('entry_module'),
    requirements: fields.line('requirements', 'requirements.txt'),
  };
}

function readWasm(fields: TableReader | undefined): WasmManifest['wasm'] | undefined {
  if (fields === undefined) return undefined;
  return {
    component: fields.line('component'),
    precompiled: fields.line('precompiled', undefined),
    capabilities: fields.strings('capabilities'),
  };
}

function readMetadata<Metadata>(
  data: TomlData,
  issues: IssueCollector,
  schema: StandardSchema<Metadata> | undefined,
): Metadata {
  const value = isTable(data) ? data['metadata'] : undefined;
  if (value === undefined) {
    issues.report(['metadata'], 'is missing, must be present even if empty');
    return unvalidated(value);
  }
  if (schema === undefined) return unvalidated(value);
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', 'Option "metadata" is an asynchronous validator', {
      hint: 'Use a schema without asynchronous checks; make those after loading.',
    });
  }
  if (result.issues === undefined) return result.value;
  for (const { path = [], message } of result.issues) {
    const keys = path.map((key) => (typeof key === 'object' ? key.key : key));
    issues.report(['metadata', ...keys], message);
  }
  return unvalidated(value);
}

/** Without a schema `Metadata` is `unknown` unless the caller claims otherwise; with one, issues keep this from leaving. */
function unvalidated<Metadata>(value: unknown): Metadata {
  return value as Metadata;
}

/** The sections must be the one that the runtime asks for, and no other. */
function checkSections(runtime: string, fields: TableReader): void {
  if (runtime !== 'rust' && runtime !== 'python' && runtime !== 'wasm') {
    fields.table('package')?.report('runtime', `must be "rust", "python" or "wasm", is ${JSON.stringify(runtime)}`);
    return;
  }
  checkSection(runtime, 'python', 'entry_module', fields);
  checkSection(runtime, 'wasm', 'component', fields);
}

function checkSection(runtime: string, section: 'python' | 'wasm', requiredKey: string, fields: TableReader): void {
  if (runtime === section && !fields.has(section)) {
    fields.report(section, `is missing: runtime "${runtime}" needs this section, with ${requiredKey}`);
  }
  if (runtime !== section && fields.has(section)) {
    fields.report(section, `must be absent: the runtime is "${runtime}"`);
  }
}

/**
 * The part of the Standard Schema interface (version 1, https://standardschema.dev) that this library calls.
 *
 * zod, valibot, arktype and others implement it, so a host may bring whichever validator it already has.
 */
export interface StandardSchema<Output = unknown> {
  /** The functions of the validator; see the specification. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** Never present at run time: carries the type of the validated value to the compiler. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** The result of a validator: a value, or issues. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One problem that a validator found. */
export interface StandardIssue {
  /** What is wrong. It becomes the message of a {@link ManifestIssue}. */
  readonly message: string;
  /** Keys from `[metadata]` to the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** True for anything that can be asked to validate; some validators are functions. */
function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function';
}
