import type { Command } from './define-command.ts';

/**
 * All commands by name, in the order in which an author needs them. The file of a command is loaded on demand.
 *
 * The first of two words is the name of a group, such as `package`.
 */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  'init app': async () => (await import('./commands/init-app.ts')).initApp,
  'init interface': async () => (await import('./commands/init.ts')).initInterface,
  'init plugin': async () => (await import('./commands/init.ts')).initPlugin,
  'init host': async () => (await import('./commands/init.ts')).initHost,
  stub: async () => (await import('./commands/stub.ts')).stub,
  schema: async () => (await import('./commands/schema.ts')).schema,
  keygen: async () => (await import('./commands/keygen.ts')).keygen,
  'package validate': async () => (await import('./commands/package/validate.ts')).packageValidate,
  'package inspect': async () => (await import('./commands/package/inspect.ts')).packageInspect,
  'package vendor': async () => (await import('./commands/package/vendor.ts')).packageVendor,
  'package sign': async () => (await import('./commands/package/sign.ts')).packageSign,
  'package audit': async () => (await import('./commands/package/audit.ts')).packageAudit,
  'package verify': async () => (await import('./commands/package/verify.ts')).packageVerify,
  'package pack': async () => (await import('./commands/package/pack.ts')).packagePack,
  'package export': async () => (await import('./commands/package/export.ts')).packageExport,
  'package unpack': async () => (await import('./commands/package/unpack.ts')).packageUnpack,
  'package list': async () => (await import('./commands/package/list.ts')).packageList,
  discover: async () => (await import('./commands/discover.ts')).discover,
  run: async () => (await import('./commands/run.ts')).run,
  dev: async () => (await import('./commands/dev.ts')).dev,
  mcp: async () => (await import('./commands/mcp.ts')).mcp,
  'store list': async () => (await import('./commands/store/list.ts')).storeList,
  'store prune': async () => (await import('./commands/store/prune.ts')).storePrune,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  completion: async () => (await import('./commands/completion.ts')).createCompletion(loadAll),
};

function loadAll(): Promise<readonly Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}
