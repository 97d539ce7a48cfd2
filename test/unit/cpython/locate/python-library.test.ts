import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import { elf, machO } from '../../../support/binaries.ts';
import { embeddablePythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const [python = expect.fail('no CPython with a shared library on this machine')] = embeddablePythons();
const ourMachine = process.arch === 'arm64' ? 183 : 62;
const otherMachine = process.arch === 'arm64' ? 62 : 183;
const whichFile = 'Name the library of one version, such as libpython3.11.so.1.0, or an interpreter (option `python`).';

describe('a path given as libpython', () => {
  it('may be relative, and a link', () => {
    const cwd = tempFolder('with space');
    symlinkSync(python.libpython, join(cwd, 'liblink.so'));

    const { python: found } = locatePython({ libpython: './liblink.so', cwd, env: {} });

    expect(found.libpython).toBe(join(cwd, 'liblink.so'));
    expect(found.executable).toBeDefined();
  });

  it.each<[string, (path: string) => void, string, string, string | undefined]>([
    ['does not exist', () => undefined, 'FIDIUS_LIBPYTHON_NOT_FOUND', 'does not exist', whichFile],
    [
      'is a dangling link',
      (path) => symlinkSync('/gone/libpython3.11.so', path),
      'FIDIUS_LIBPYTHON_NOT_FOUND',
      'is a link to /gone/libpython3.11.so, which does not exist',
      whichFile,
    ],
    ['is a folder', (path) => mkdirSync(path), 'FIDIUS_LIBPYTHON_INVALID', 'is not a file', whichFile],
    [
      'is text',
      (path) => writeFileSync(path, 'GROUP ( libpython3.11.so.1.0 )'),
      'FIDIUS_LIBPYTHON_INVALID',
      'is not a shared library, or a damaged one',
      whichFile,
    ],
    [
      'is an interpreter',
      (path) => symlinkSync(python.executable, path),
      'FIDIUS_LIBPYTHON_INVALID',
      'is a program, not a shared library',
      'Name an interpreter with the option `python`.',
    ],
    [
      'is another library',
      (path) => writeFileSync(path, elf({ machine: ourMachine, ownName: 'libpypy3.10-c.so' })),
      'FIDIUS_LIBPYTHON_INVALID',
      "is a shared library, but not CPython's (it calls itself libpypy3.10-c.so)",
      whichFile,
    ],
    [
      'is the library that only forwards',
      (path) => writeFileSync(path, elf({ machine: ourMachine, ownName: 'libpython3.so' })),
      'FIDIUS_LIBPYTHON_INVALID',
      'only forwards to the library of one version of Python (it calls itself libpython3.so)',
      whichFile,
    ],
    [
      'is of another architecture',
      (path) => writeFileSync(path, elf({ machine: otherMachine, ownName: 'libpython3.11.so.1.0' })),
      'FIDIUS_LIBPYTHON_ARCHITECTURE',
      process.arch === 'arm64'
        ? 'is an ELF file for x64, and this Node.js needs ELF for arm64'
        : 'is an ELF file for arm64, and this Node.js needs ELF for x64',
      process.arch === 'arm64'
        ? 'Install a Python for arm64, or a Node.js for x64.'
        : 'Install a Python for x64, or a Node.js for arm64.',
    ],
    [
      'is too old',
      (path) => writeFileSync(path, elf({ machine: ourMachine, ownName: 'libpython3.8.so.1.0' })),
      'FIDIUS_PYTHON_UNSUPPORTED',
      'is Python 3.8, and 3.9 is the oldest supported',
      'Name a newer Python.',
    ],
    [
      'is free-threaded',
      (path) => writeFileSync(path, elf({ machine: ourMachine, ownName: 'libpython3.14t.so.1.0' })),
      'FIDIUS_PYTHON_UNSUPPORTED',
      'is Python 3.14 built without the global interpreter lock, which is not supported',
      'Name the ordinary build of the same version.',
    ],
    [
      'was copied away from its standard library',
      // Of a version that is nowhere: a system that keeps its own Python below / would have a standard library for it.
      (path) => writeFileSync(path, elf({ machine: ourMachine, ownName: 'libpython3.99.so.1.0' })),
      'FIDIUS_PYTHON_INCOMPLETE',
      'has no standard library: no folder above it holds lib/python3.99/os.py',
      'Name an interpreter as well, with the option `python`.',
    ],
  ])('that %s is refused by name', (_what, make, code, outcome, hint) => {
    const path = join(tempFolder(), 'libpython.so');
    make(path);

    expect(() => locatePython({ libpython: path, env: {} })).toThrow(
      expect.objectContaining({
        name: 'PythonNotFoundError',
        code,
        message: expect.stringContaining(`Cannot use the Python of option libpython: ${path} ${outcome}`),
        hint,
        attempts: [{ locator: 'option libpython', looked: path, outcome: expect.stringContaining(outcome) }],
      }),
    );
  });

  it('that is made for another system is refused by name', () => {
    const path = join(tempFolder(), 'libpython3.12.dylib');
    writeFileSync(path, machO({ machine: 0x0100000c, fileType: 6, ownName: '@rpath/libpython3.12.dylib' }));

    expect(() => locatePython({ libpython: path, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_LIBPYTHON_ARCHITECTURE',
        message: expect.stringContaining('is a Mach-O file for arm64, and this Node.js needs'),
      }),
    );
  });

  it('may be away from its standard library when an interpreter is named as well', () => {
    const path = join(tempFolder(), 'libpython.so');
    copyFileSync(python.libpython, path);

    const { python: found } = locatePython({ libpython: path, python: python.executable, env: {} });

    expect(found).toMatchObject({ libpython: path, executable: python.executable, version: python.version });
  });
});
