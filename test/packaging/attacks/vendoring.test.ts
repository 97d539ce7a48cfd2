import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vendorDependencies } from '../../../src/packaging/vendor/vendor-dependencies.ts';
import { packageOf } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { makeWheels, pythonWithPip } from '../../support/wheels.ts';

describe('vendoring', () => {
  it.each(['pip', 'runpy', 'os'])('does not run a module of the package in place of one of pip: %s', async (module) => {
    const wheels = tempFolder();
    makeWheels(wheels, [{ name: 'tiny', version: '1.0' }]);
    const ran = join(tempFolder(), 'ran');
    const dir = packageOf({ 'requirements.txt': 'tiny\n', [`${module}.py`]: `open(${JSON.stringify(ran)}, "w")\n` });

    const { distributions } = await vendorDependencies(dir, { installer: 'pip', python: pythonWithPip, wheels });

    expect(existsSync(ran)).toBe(false);
    expect(distributions.map(({ name }) => name)).toEqual(['tiny']);
  });
});
