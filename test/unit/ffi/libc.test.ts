import { describe, expect, it } from 'vitest';
import { Libc, libcSymbols } from '../../../src/ffi/libc.ts';

/** Names of functions that only macOS has. */
const isOfMacOs = (name: string) => name.startsWith('dispatch_');

describe.runIf(process.platform === 'linux')('the table of the C library', () => {
  it('names functions that the process has, apart from those of macOS', () => {
    const names = Object.entries(libcSymbols).map(([name, spec]) => ('symbol' in spec ? spec.symbol : name));
    const { library } = new Libc();

    const missing = names.filter((name) => !library.has(name));

    expect(missing).toEqual(names.filter((name) => isOfMacOs(name)));
  });

  it('binds functions that copy memory by its address', () => {
    const libc = new Libc();
    const source = Uint8Array.from({ length: 100 }, (_, index) => index);
    const target = new Uint8Array(100);
    const address = libc.bind('malloc')(100);

    libc.bind('copyFromMemory')(address, source, 100);
    libc.bind('copyToMemory')(target, address, 100);

    expect(target).toEqual(source);
  });
});
