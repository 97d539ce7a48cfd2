import type { Ffi } from './ffi.ts';
import { koffi } from './koffi.ts';

/** The implementation in use. Only this file selects it. */
export const ffi: Ffi = koffi;
