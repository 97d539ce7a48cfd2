import { describe, invalidOption } from '../../errors/options.ts';
import type { LoadedPackage } from '../../protocol/load-outcome.ts';

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
  throw invalidOption(`externalImports must be "allow" or "refuse", got ${describe(value)}`, value, 'string');
}

export function toExternalImports(external: LoadedPackage['external']): readonly ExternalImport[] {
  return external.map(([module, path]) => ({ module, path }));
}
