import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostInterpreter } from '../../../src/host/host-interpreter.ts';
import { failureOf } from '../../support/failure.ts';
import { fill } from '../../support/packages.ts';
import { embeddablePythons } from '../../support/pythons.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const [python] = embeddablePythons();

describe('the interpreter to vendor for', () => {
  it('is the one that a host would take', () => {
    expect(hostInterpreter({ python: python?.executable ?? '' })).toBe(python?.executable);
  });

  it('cannot be told from a library alone', async () => {
    // A library with what looks like its standard library, and nothing else of the installation it is from.
    const installed = python?.libpython ?? '';
    const [major, minor] = (python?.version ?? '').split('.');
    const lib = join(tempFolder(), 'lib');
    fill(lib, { [`python${major}.${minor}/os.py`]: '' });
    const libpython = join(lib, basename(installed));
    cpSync(installed, libpython);

    const error = await failureOf(() => hostInterpreter({ libpython, env: {} }));

    expect(error.code).toBe('FIDIUS_PYTHON_NOT_FOUND');
    expect(error.message).toMatch(/has no interpreter next to it$/);
  });
});
