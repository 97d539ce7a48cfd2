/** Node's `crypto`, loaded on first use: it takes several milliseconds, and most hosts check no signature. */
export const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');
