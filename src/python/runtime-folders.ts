import { fileURLToPath } from 'node:url';

// `runtime/` and `python/` lie beside `src/` and beside `dist/` alike, so the same relative address serves both.

/** The Python of this library that runs inside the interpreter. */
export const runtimeFolder = fileURLToPath(new URL('../../runtime/', import.meta.url)).replace(/[/\\]$/, '');

/** The SDK for plugin authors, importable as `fidius` by packages that do not vendor it. */
export const sdkFolder = fileURLToPath(new URL('../../python/', import.meta.url)).replace(/[/\\]$/, '');
