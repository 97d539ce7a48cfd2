import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startedPython } from '../../../src/cpython/lifecycle/start.ts';
import { ExecutorPool } from '../../../src/host/load/executor-pool.ts';
import { LoadBudget } from '../../../src/host/load/load-budget.ts';
import { type Candidates, type LoadContext, runLoad } from '../../../src/host/load/load-pipeline.ts';
import { PackagePolicy } from '../../../src/host/policy/package-policy.ts';
import { readManifest } from '../../../src/packaging/manifest/manifest.ts';
import { failureOf } from '../../support/failure.ts';
import { Greeter } from '../../support/greeter.ts';
import { manifestText, writeGreeter, writePlugin } from '../../support/plugin-folders.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Loads the first of some candidates, and records the steps that are taken for it. */
async function load(candidates: Candidates) {
  const steps: string[] = [];
  const policy = await PackagePolicy.read('test', {});
  const executors = new ExecutorPool({});
  const budget = new LoadBudget('greeter', undefined);
  const context: LoadContext = {
    policy: {
      prepare: (path: string) => {
        steps.push('verify');
        return policy.prepare(path);
      },
    } as PackagePolicy,
    executors: new Proxy(executors, {
      get: (pool, name) => {
        const value: unknown = Reflect.get(pool, name, pool);
        if (name === 'start') steps.push(startedPython() === undefined ? 'start Python' : 'start executor');
        return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
      },
    }),
    budget,
    details: {},
    select: async () => {
      steps.push('select');
      return candidates;
    },
    compareVendored: () => {
      steps.push('compare vendored');
      return [];
    },
    describe: () => {
      steps.push('describe');
      return Greeter.descriptor;
    },
  };
  const load = { definition: Greeter, executor: 'inline', refuseExternal: false, options: {} } as const;
  try {
    return { steps, error: await failureOf(() => runLoad(load, context)) };
  } finally {
    budget.end();
    await executors.closeAll();
  }
}

describe('the steps of a load', () => {
  it('do not start Python for a package that changed since discovery', async () => {
    const path = writeGreeter(tempFolder(), 'greeter');
    const manifest = readManifest(path);
    writeFileSync(join(path, 'package.toml'), manifestText('greeter', 'x', Greeter).replace('1.0.0', '1.0.1'));

    const { steps, error } = await load([{ path, manifest }]);

    expect(error).toMatchObject({
      code: 'FIDIUS_PACKAGE_CHANGED',
      message: `Cannot load ${path}: it changed during the load. It was greeter 1.0.0, and is now greeter 1.0.1`,
    });
    expect(steps).toEqual(['select', 'verify']);
  });

  it('refuse a package for another interface before it is verified', async () => {
    const path = writeGreeter(tempFolder(), 'greeter');
    const manifest = { ...readManifest(path), interface: 'Other' };

    const { steps, error } = await load([{ path, manifest }]);

    expect(error).toMatchObject({ code: 'FIDIUS_INTERFACE_NAME_MISMATCH' });
    expect(steps).toEqual(['select']);
  });

  it('start Python after the package was verified, and import the package last', async () => {
    const path = writePlugin(tempFolder(), 'greeter', Greeter, 'raise ValueError("imported")');

    const { steps, error } = await load([{ path }]);

    expect(error).toMatchObject({ code: 'FIDIUS_IMPORT_FAILED' });
    expect(steps).toEqual(['select', 'verify', 'start Python', 'compare vendored', 'describe']);
  });
});
