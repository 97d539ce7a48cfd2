import { FidiusError } from '../../errors/fidius-error.ts';

/** @param origin folder or archive whose content differs from the content that was verified. */
export function packageChanged(origin: string): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_CHANGED', `Cannot store package ${origin}: it changed while it was stored`, {
    hint: 'Wait until no process writes to the package, then try again.',
  });
}
