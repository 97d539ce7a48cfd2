import type { Command } from './command.ts';

/**
 * Every command by its name, loaded when it is asked for; in the order in which an author meets them.
 *
 * A name of two words belongs to a group, such as `package`.
 */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  stub: async () => (await import('./commands/stub.ts')).stub,
  keygen: async () => (await import('./commands/keygen.ts')).keygen,
  'package validate': async () => (await import('./commands/package-validate.ts')).packageValidate,
  'package inspect': async () => (await import('./commands/package-inspect.ts')).packageInspect,
  'package sign': async () => (await import('./commands/package-sign.ts')).packageSign,
  'package verify': async () => (await import('./commands/package-verify.ts')).packageVerify,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};
