import type { InterfaceDescriptor } from '../../src/index.ts';

/** The hash that packages of these tests declare unless they mean to get it wrong. */
export const testHash = 0x0123_4567_89ab_cdefn;

/** The descriptor of an interface with methods of these names; `!name` is raw, `name?` optional. */
export function descriptorOf(...methods: readonly string[]): InterfaceDescriptor {
  return {
    interfaceName: 'Probe',
    interfaceHash: testHash,
    methods: methods.map((method) => ({
      name: method.replace(/^!|\?$/g, ''),
      wireRaw: method.startsWith('!'),
      optional: method.endsWith('?'),
    })),
  };
}
