import { fileURLToPath } from 'node:url';

// Two levels up from `src/python/`, from `dist/python/` and from `dist/bundle/`, where all files are one.

/** The Python of this library that runs inside the interpreter. */
export const runtimeFolder = fileURLToPath(new URL('../../runtime/', import.meta.url)).replace(/[/\\]$/, '');

/** The SDK for plugin authors, importable as `fidius` by packages that do not vendor it. */
export const sdkFolder = fileURLToPath(new URL('../../python/', import.meta.url)).replace(/[/\\]$/, '');
