import type { Library } from '../../ffi/koffi.ts';

/** Ends the process without running anything more: no exit handlers, no destructors under running threads. */
export function leave(libc: Library, code: number): never {
  (libc.function('_exit', 'void', ['int']) as (code: number) => void)(code);
  throw new Error('_exit returned');
}
