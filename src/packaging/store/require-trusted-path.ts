import { FidiusError } from '../../errors/fidius-error.ts';
import { findDistrust } from '../../files/trusted-path.ts';

/** @throws FidiusError `FIDIUS_STORE_UNSAFE` */
export function requireTrustedPath(path: string): void {
  const distrust = findDistrust(path);
  if (distrust === undefined) return;
  const { culprit, problem, hint } = distrust;
  const which = culprit === path ? '' : `: ${culprit}`;
  throw new FidiusError('FIDIUS_STORE_UNSAFE', `Cannot use the package store ${path}${which}: ${problem}`, { hint });
}
