import type { LoadedPackage } from '../cpython/call/package-loader.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';

/** What becomes of a plugin that imports an external module. */
export type ExternalImports = 'allow' | 'refuse';

/**
 * A module that a plugin imports, and that lies neither in its package, nor in the standard library, nor in the Python
 * environment: nothing that was signed or configured says what it does.
 */
export interface ExternalImport {
  /** Its dotted name; for a package, that of the outermost one. */
  readonly module: string;
  /** Its file, or its folder. */
  readonly path: string;
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExternalImports(value: unknown): asserts value is ExternalImports | undefined {
  if (value === undefined || value === 'allow' || value === 'refuse') return;
  throw new FidiusError('FIDIUS_OPTION_INVALID', `externalImports must be "allow" or "refuse", got ${describe(value)}`);
}

export function toExternalImports(external: LoadedPackage['external']): readonly ExternalImport[] {
  return external.map(([module, path]) => ({ module, path }));
}
