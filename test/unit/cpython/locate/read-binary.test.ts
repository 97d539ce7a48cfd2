import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBinary } from '../../../../src/cpython/locate/binary/read-binary.ts';
import { elf, machO, pe, universal } from '../../../support/binaries.ts';
import { embeddablePythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

describe('readBinary', () => {
  it('knows the library and the program of every Python of this machine', () => {
    for (const { libpython, executable, version } of embeddablePythons()) {
      const [major, minor] = version.split('.');
      expect(readBinary(libpython)).toMatchObject({ kind: 'library', machine: process.arch });
      expect(readBinary(libpython)?.ownName).toContain(`${major}.${minor}`);
      expect(readBinary(realpathSync(executable))).toMatchObject({ kind: 'program', machine: process.arch });
    }
  });

  it.each([
    ['a library for 64 bits', {}, { kind: 'library', machine: 'x64' }],
    ['a library for 32 bits', { bits: 32, machine: 3 }, { kind: 'library', machine: 'ia32' }],
    ['a big-endian library', { bigEndian: true, machine: 22 }, { kind: 'library', machine: 's390x' }],
    ['a machine Node does not run on', { machine: 0x1234 }, { kind: 'library', machine: 'machine 4660' }],
    ['a program at a fixed address', { type: 2 }, { kind: 'program' }],
    ['a program at any address', { interpreter: true }, { kind: 'program' }],
  ] as const)('reads ELF: %s', (_what, options, expected) => {
    const binary = read(elf({ ownName: 'libpython3.11.so.1.0', ...options }));

    expect(binary).toMatchObject({ format: 'ELF', ownName: 'libpython3.11.so.1.0', ...expected });
  });

  it('reads an ELF library without a soname', () => {
    expect(read(elf())).toEqual({ format: 'ELF', kind: 'library', machine: 'x64', ownName: undefined });
  });

  it('reads Mach-O, alone and universal', () => {
    const arm = machO({ machine: 0x0100000c, fileType: 6, ownName: '@rpath/libpython3.12.dylib' });
    const intel = machO({
      machine: 0x01000007,
      fileType: 6,
      ownName: '/Library/Python.framework/Versions/3.12/Python',
    });
    const program = machO({ machine: 0x0100000c, fileType: 2 });

    expect(read(arm)).toEqual({
      format: 'Mach-O',
      kind: 'library',
      machine: 'arm64',
      ownName: '@rpath/libpython3.12.dylib',
    });
    expect(read(program)).toMatchObject({ kind: 'program', ownName: undefined });
    const ours = process.arch === 'arm64' ? 'arm64' : 'x64';
    expect(read(universal([arm, intel]))?.machine).toBe(ours);
    expect(read(universal([intel, arm]))?.machine).toBe(ours);
  });

  it('reads PE', () => {
    expect(read(pe({ machine: 0x8664, isLibrary: true, ownName: 'python311.dll' }))).toEqual({
      format: 'PE',
      kind: 'library',
      machine: 'x64',
      ownName: 'python311.dll',
    });
    expect(read(pe({ machine: 0xaa64, isLibrary: false }))).toMatchObject({ kind: 'program', machine: 'arm64' });
  });

  it('returns nothing for a file that is not a binary', () => {
    const javaClass = Buffer.from('cafebabe0000003400000000', 'hex');

    for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'), Buffer.from('!<arch>\n'), javaClass]) {
      expect(read(bytes)).toBeUndefined();
    }
  });

  it('survives damage: it gives an answer or none, and never reads without bounds', () => {
    const file = join(tempFolder(), 'damaged');
    const samples = [
      elf({ ownName: 'libpython3.11.so.1.0' }),
      elf({ ownName: 'libpython3.11.so.1.0', bits: 32, bigEndian: true }),
      universal([machO({ machine: 7, fileType: 6, ownName: 'libpython3.12.dylib' })]),
      pe({ machine: 0x8664, isLibrary: true, ownName: 'python311.dll' }),
    ];
    const damage = fc.array(fc.tuple(fc.nat(600), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { maxLength: 6 });

    fc.assert(
      fc.property(fc.constantFrom(...samples), damage, fc.nat(1024), (sample, changes, length) => {
        const bytes = Buffer.from(sample.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        writeFileSync(file, bytes);
        expect([undefined, 'ELF', 'Mach-O', 'PE']).toContain(readBinary(file)?.format);
      }),
      { numRuns: 500 },
    );
  });
});

function read(bytes: Buffer) {
  const file = join(tempFolder(), 'file');
  writeFileSync(file, bytes);
  return readBinary(file);
}
