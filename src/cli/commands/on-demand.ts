/**
 * All commands but those that start quickly by themselves. One file, because each file that is imported on demand splits the published files into more
 * chunks. What a command needs for its work it imports when it runs.
 */
export { createCompletion } from './completion.ts';
export { dev } from './dev.ts';
export { discover } from './discover.ts';
export { doctor } from './doctor.ts';
export { initHost, initInterface, initPlugin } from './init.ts';
export { initApp } from './init-app.ts';
export { interfaceFrom } from './interface-from.ts';
export { keygen } from './keygen.ts';
export { packageAudit } from './package/audit.ts';
export { packageExport } from './package/export.ts';
export { packageInspect } from './package/inspect.ts';
export { packageList } from './package/list.ts';
export { packagePack } from './package/pack.ts';
export { packageSign } from './package/sign.ts';
export { packageUnpack } from './package/unpack.ts';
export { packageValidate } from './package/validate.ts';
export { packageVendor } from './package/vendor.ts';
export { packageVerify } from './package/verify.ts';
export { schema } from './schema.ts';
export { storeList } from './store/list.ts';
export { storePrune } from './store/prune.ts';
export { stub } from './stub.ts';
