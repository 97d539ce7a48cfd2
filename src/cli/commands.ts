import type { Command } from './define-command.ts';

const others = () => import('./commands/on-demand.ts');

/**
 * All commands by name, in the order in which an author needs them. The files of the commands are loaded on demand.
 *
 * The first of two words is the name of a group, such as `package`.
 */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  'init app': async () => (await others()).initApp,
  'init interface': async () => (await others()).initInterface,
  'init plugin': async () => (await others()).initPlugin,
  'init host': async () => (await others()).initHost,
  stub: async () => (await others()).stub,
  'interface from': async () => (await others()).interfaceFrom,
  schema: async () => (await others()).schema,
  keygen: async () => (await others()).keygen,
  'package validate': async () => (await others()).packageValidate,
  'package inspect': async () => (await others()).packageInspect,
  'package vendor': async () => (await others()).packageVendor,
  'package sign': async () => (await others()).packageSign,
  'package audit': async () => (await others()).packageAudit,
  'package verify': async () => (await others()).packageVerify,
  'package pack': async () => (await others()).packagePack,
  'package export': async () => (await others()).packageExport,
  'package unpack': async () => (await others()).packageUnpack,
  'package list': async () => (await others()).packageList,
  discover: async () => (await others()).discover,
  run: async () => (await import('./commands/run.ts')).run,
  dev: async () => (await others()).dev,
  mcp: async () => (await import('./commands/mcp.ts')).mcp,
  'store list': async () => (await others()).storeList,
  'store prune': async () => (await others()).storePrune,
  doctor: async () => (await others()).doctor,
  completion: async () => (await others()).createCompletion(loadAll),
};

function loadAll(): Promise<readonly Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}
