import { runInThisContext } from 'node:vm';

/**
 * The global object that Node made for this JavaScript thread, with the `process` whose listeners are called.
 *
 * Test runners load the library again for each file: jest, and vitest on request, into a `vm` context with globals that end
 * with the file, and jest with a copy of `process`. What must be found again, or happen at exit, belongs here.
 */
export const mainRealm = runInThisContext('globalThis') as typeof globalThis;
