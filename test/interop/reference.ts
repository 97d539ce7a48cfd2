import { spawnSync } from 'node:child_process';
import { inject } from 'vitest';

/** The Rust tool as it was built for this run; a part that is missing could not be built, and the run has said why. */
export interface Reference {
  /** Of the published crates. */
  readonly version: string;
  /** Path of the program `fidius`. */
  readonly cli: string | undefined;
  /** Path of a program that prints the digests of packages. */
  readonly digest: string | undefined;
  /** The cargo workspace in the cache folder where interfaces can be compiled; there when `digest` is. */
  readonly workspace: Workspace;
  /** A host written in Rust. */
  readonly host: RustHost | undefined;
}

export interface Workspace {
  readonly folder: string;
  /** Variables that cargo runs with. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface RustHost {
  readonly program: string;
  /** The version of Python that it was built for. */
  readonly python: string;
  /** Variables that it runs with, to find its libpython. */
  readonly environment: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly reference: Reference;
  }
}

export const reference: Reference = inject('reference');

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `fidius` of Rust. */
export function rustFidius(...argv: readonly string[]): Outcome {
  return run(reference.cli, argv);
}

/** The same, where only success makes sense; returns what it printed. */
export function rustFidiusOk(...argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = rustFidius(...argv);
  if (exitCode !== 0) throw new Error(`fidius ${argv.join(' ')} failed with ${exitCode}: ${stderr}`);
  return stdout;
}

/** Runs one of the programs that were built; without it the tests that need it do not run. */
export function run(
  program: string | undefined,
  argv: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Outcome {
  if (program === undefined) throw new Error('The program was not built');
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    encoding: 'utf8',
    input: options.input,
    env: { ...process.env, ...options.env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000,
  });
  if (error !== undefined) throw error;
  return { exitCode: status, stdout, stderr };
}
