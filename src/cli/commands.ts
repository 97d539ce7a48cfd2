import type { Command } from './define-command.ts';

const packages = () => import('./commands/on-demand.ts');

/**
 * All commands by name, in the order in which an author needs them. The files of the commands are loaded on demand.
 *
 * The first of two words is the name of a group, such as `package`.
 */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  'init app': async () => (await import('./commands/init-app.ts')).initApp,
  'init interface': async () => (await import('./commands/init.ts')).initInterface,
  'init plugin': async () => (await import('./commands/init.ts')).initPlugin,
  'init host': async () => (await import('./commands/init.ts')).initHost,
  stub: async () => (await packages()).stub,
  'interface from': async () => (await packages()).interfaceFrom,
  schema: async () => (await packages()).schema,
  keygen: async () => (await packages()).keygen,
  'package validate': async () => (await packages()).packageValidate,
  'package inspect': async () => (await packages()).packageInspect,
  'package vendor': async () => (await packages()).packageVendor,
  'package sign': async () => (await packages()).packageSign,
  'package audit': async () => (await packages()).packageAudit,
  'package verify': async () => (await packages()).packageVerify,
  'package pack': async () => (await packages()).packagePack,
  'package export': async () => (await packages()).packageExport,
  'package unpack': async () => (await packages()).packageUnpack,
  'package list': async () => (await packages()).packageList,
  discover: async () => (await packages()).discover,
  run: async () => (await import('./commands/run.ts')).run,
  dev: async () => (await import('./commands/dev.ts')).dev,
  mcp: async () => (await import('./commands/mcp.ts')).mcp,
  'store list': async () => (await packages()).storeList,
  'store prune': async () => (await packages()).storePrune,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  completion: async () => (await import('./commands/completion.ts')).createCompletion(loadAll),
};

function loadAll(): Promise<readonly Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}
