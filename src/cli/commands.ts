import type { Command } from './command.ts';

/** Every command by its name, loaded when it is asked for. A name of two words belongs to a group, such as `package`. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  stub: async () => (await import('./commands/stub.ts')).stub,
};
