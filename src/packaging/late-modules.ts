/**
 * Modules of Node that are loaded when they are first used.
 *
 * Each of them takes several milliseconds, and most hosts check no signature and start no program.
 */
export const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');

export const childProcess = (): typeof import('node:child_process') => process.getBuiltinModule('node:child_process');
