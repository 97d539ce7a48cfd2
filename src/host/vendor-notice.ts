import { LoadError } from '../errors/load-error.ts';
import type { Notice } from '../executor/process-change.ts';
import { vendorFolder } from '../packaging/vendor/distributions.ts';
import { describeVendorConflict, type VendorConflict } from '../packaging/vendor/vendor-conflicts.ts';

/** Packages of one host bring different versions of one distribution along. Said before the second is imported. */
export interface VendorNotice {
  readonly kind: 'vendored versions';
  /** Names of the packages. */
  readonly plugins: readonly string[];
  /** What is vendored, in which versions, by whom. */
  readonly message: string;
  readonly hint: string;
}

/** What a host has to say to whoever runs it. */
export type HostNotice = Notice | VendorNotice;

export type HostNoticeListener = (notice: HostNotice) => void;

export function toVendorNotice(conflict: VendorConflict): VendorNotice {
  const plugins = [...new Set(conflict.versions.map((each) => each.package))];
  return { kind: 'vendored versions', plugins, ...describeVendorConflict(conflict) };
}

/**
 * Loads a package. Where that fails because another package's vendored module has the name already, the error says which
 * distribution is behind it and what to do: renaming the module, as for others, is not for the author of the package.
 */
export async function explainCollision<T>(conflicts: readonly VendorConflict[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof LoadError) || !isVendorCollision(error)) throw error;
    const [first, ...others] = conflicts.map(describeVendorConflict);
    if (first === undefined) throw error;
    const found = [first, ...others].map(({ message }) => message);
    const message = [error.message.slice(`Cannot load ${error.path}: `.length), ...found].join('; ');
    throw new LoadError('FIDIUS_MODULE_COLLISION', message, error, { cause: error, hint: first.hint });
  }
}

function isVendorCollision(error: LoadError): boolean {
  return error.collidingPaths?.some((path) => path.split(/[\\/]/).includes(vendorFolder)) ?? false;
}
