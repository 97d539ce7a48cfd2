import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import { systemLibraries } from '../../../../src/cpython/locate/places/system-libraries.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { bareSearch } from '../../support/search.ts';

const libraries = [...systemLibraries.candidates(bareSearch)];

describe.runIf(libraries.length > 0)('the libraries of this system', () => {
  it('serve a host whose PATH holds no Python, the newest first', () => {
    const empty = tempFolder();

    const { python } = locatePython({ cwd: empty, env: { PATH: empty } });

    expect(python).toMatchObject({ libpython: libraries[0]?.looked, foundBy: 'system libraries' });
  });
});

describe.runIf(existsSync('/usr/bin/python3'))('a host without any environment variables', () => {
  it('finds the Python of the system', () => {
    const { python } = locatePython({ cwd: tempFolder(), env: {} });

    expect(python.executable).toBe(asked('/usr/bin/python3', 'sys.executable'));
    expect(python.libpython).toSatisfy((path: string) => existsSync(dirname(path)));
  });
});

function asked(executable: string, expression: string): string {
  return execFileSync(executable, ['-I', '-c', `import sys; print(${expression})`], { encoding: 'utf8' }).trim();
}
