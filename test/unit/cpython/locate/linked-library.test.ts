import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkedLibraryOf } from '../../../../src/cpython/locate/find-library.ts';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import { elf } from '../../../support/binaries.ts';
import { embeddablePythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { bareSearch } from '../../support/search.ts';

const machine = process.arch === 'arm64' ? 183 : 62;
const soname = 'libpython3.11.so.1.0';

interface Place {
  readonly program?: string;
  readonly runPath?: string;
  readonly needs?: readonly string[];
}

/** An installation whose interpreter cannot be run: only its file can tell anything. */
function installation({ program = 'python3.11', runPath = '$ORIGIN/../lib', needs = [soname] }: Place = {}) {
  const root = tempFolder('with space');
  const [python, libpython] = [join(root, 'bin', program), join(root, 'lib', soname)];
  for (const folder of ['bin', 'lib/python3.11']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(python, elf({ machine, interpreter: true, needs: ['libc.so.6', ...needs], runPath }), { mode: 0o755 });
  writeFileSync(libpython, elf({ machine, ownName: soname }));
  writeFileSync(join(root, 'lib/python3.11/os.py'), '');
  return { root, python, libpython };
}

describe.runIf(process.platform === 'linux')('the library that an interpreter is linked with', () => {
  it('is the one that the interpreter names when it is asked, or is not known', () => {
    for (const { executable, libpython } of embeddablePythons()) {
      expect([libpython, undefined]).toContain(linkedLibraryOf(executable, bareSearch));
    }
  });

  it.each(['$ORIGIN/../lib', '${ORIGIN}/../lib', '/nowhere:$ORIGIN/../lib'])(
    'is looked for where the file says, such as %s',
    (runPath) => {
      const { python, libpython } = installation({ runPath });

      expect(linkedLibraryOf(python, bareSearch)).toBe(libpython);
    },
  );

  it('may be searched in a folder that it names', () => {
    const { libpython, root } = installation();
    const { python } = installation({ runPath: join(root, 'lib') });

    expect(linkedLibraryOf(python, bareSearch)).toBe(libpython);
  });

  it.each<[string, Place]>([
    ['a static interpreter', { needs: [] }],
    ['a library that only the loader knows where to find', { runPath: '' }],
    ['a library that is not where the file says', { runPath: '$ORIGIN/../lib64' }],
    ['another program that runs Python', { program: 'gdb' }],
  ])('is not guessed for %s', (_what, place) => {
    expect(linkedLibraryOf(installation(place).python, bareSearch)).toBeUndefined();
  });

  it('is not guessed for a script, nor where the environment may lead the loader elsewhere', () => {
    const { root, python, libpython } = installation();
    const shim = join(root, 'bin', 'python3');
    writeFileSync(shim, `#!/bin/sh\nexec '${python}' "$@"\n`, { mode: 0o755 });

    expect(linkedLibraryOf(shim, bareSearch)).toBeUndefined();
    expect(linkedLibraryOf(python, bareSearch)).toBe(libpython);
    expect(linkedLibraryOf(python, { ...bareSearch, env: { LD_LIBRARY_PATH: '/opt/lib' } })).toBeUndefined();
  });
});

describe.runIf(process.platform === 'linux')('a search for a Python to start', () => {
  it('does not run an interpreter whose file names its library', () => {
    const { python, libpython, root } = installation();
    const venv = join(tempFolder(), 'bin');
    mkdirSync(venv);
    symlinkSync(python, join(venv, 'python'));

    expect(locatePython({ python, env: {}, toStart: true }).python).toMatchObject({
      executable: python,
      libpython,
      version: '3.11',
      basePrefix: root,
    });
    const relativePath = relative(process.cwd(), join(venv, 'python'));
    expect(locatePython({ python: relativePath, env: {}, toStart: true }).python.executable).toBe(join(venv, 'python'));
  });

  it('refuses an interpreter that must not be executed, as it would be refused when asked', () => {
    const { python } = installation();
    chmodSync(python, 0o644);

    expect(() => locatePython({ python, env: {}, toStart: true })).toThrow(/is not executable$/);
  });
});
