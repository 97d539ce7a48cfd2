import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import { elf } from '../../../support/binaries.ts';
import { type Answer, staticAnswer, writeAnsweringPython } from '../../../support/fake-python.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const machine = process.arch === 'arm64' ? 183 : 62;

describe.runIf(process.platform === 'linux')('the library of an interpreter', () => {
  it.each<[string, string, (root: string) => Answer['config']]>([
    [
      'is where its build says',
      'lib/libpython3.11.so.1.0',
      (root) => ({ INSTSONAME: 'libpython3.11.so.1.0', LDLIBRARY: 'libpython3.11.so', LIBDIR: `${root}/lib` }),
    ],
    [
      'may be in the folder of the architecture, as Debian has it',
      'lib/x86_64-linux-gnu/libpython3.11.so.1.0',
      (root) => ({
        INSTSONAME: 'libpython3.11.so.1.0',
        LDLIBRARY: 'libpython3.11.so',
        LIBDIR: `${root}/lib`,
        MULTIARCH: 'x86_64-linux-gnu',
      }),
    ],
    [
      'may lie beside a static interpreter, as conda has it',
      'lib/libpython3.11.so.1.0',
      (root) => ({ INSTSONAME: 'libpython3.11.a', LDLIBRARY: 'libpython3.11.a', LIBDIR: `${root}/lib` }),
    ],
    [
      'may have moved with the installation, as uv has it',
      'lib/libpython3.11.so.1.0',
      () => ({ INSTSONAME: 'libpython3.11.so.1.0', LDLIBRARY: 'libpython3.11.so', LIBDIR: '/install/lib' }),
    ],
    [
      'may be in lib64, as Fedora has it',
      'lib64/libpython3.11.so.1.0',
      () => ({ INSTSONAME: 'libpython3.11.so.1.0', LDLIBRARY: 'libpython3.11.so', LIBDIR: '/usr/lib64/gone' }),
    ],
    [
      'may exist only under its short name',
      'lib/libpython3.11.so',
      (root) => ({ INSTSONAME: null, LDLIBRARY: 'libpython3.11.so', LIBDIR: `${root}/lib` }),
    ],
    [
      'may belong to a debug build',
      'lib/libpython3.11d.so.1.0',
      (root) => ({ LDLIBRARY: 'libpython3.11d.so', LDVERSION: '3.11d', LIBDIR: `${root}/lib`, Py_DEBUG: 1 }),
    ],
  ])('%s', (_what, place, config) => {
    const root = tempFolder('with space');
    const library = join(root, place);
    mkdirSync(dirname(library), { recursive: true });
    writeFileSync(library, elf({ machine, ownName: 'libpython3.11.so.1.0' }));
    const python = writeAnsweringPython(join(root, 'bin', 'python3'), {
      ...staticAnswer,
      prefix: root,
      basePrefix: root,
      config: { LDVERSION: '3.11', ...config(root) },
    });

    expect(locatePython({ python, env: {} }).python).toMatchObject({ libpython: library, shared: true });
  });

  it('of another architecture than this Node.js is refused', () => {
    const root = tempFolder();
    const library = join(root, 'lib', 'libpython3.11.so.1.0');
    mkdirSync(dirname(library));
    writeFileSync(library, elf({ machine: 22, bigEndian: true, ownName: 'libpython3.11.so.1.0' }));
    const python = writeAnsweringPython(join(root, 'python3'), { ...staticAnswer, basePrefix: root });

    expect(() => locatePython({ python, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_LIBPYTHON_ARCHITECTURE',
        message: `Cannot use the Python of option python: ${python} has the library ${library}, which is an ELF file for s390x, and this Node.js needs ELF for ${process.arch}`,
      }),
    );
  });
});
