import { describe, expect, it } from 'vitest';
import { defineInterface } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import { checkManifest } from '../../../src/host/load/check-manifest.ts';
import { parseManifest } from '../../../src/packaging/manifest/manifest.ts';
import { failureOf } from '../../support/failure.ts';
import { manifestText } from '../../support/plugin-folders.ts';

const Store = defineInterface('Store', {
  version: 4,
  methods: {
    get: method({ key: t.string }, t.string),
    list: method({}, t.list(t.string), { optional: true, since: 3 }),
    drop: method({ key: t.string }, t.unit, { optional: true, since: 4 }),
  },
});
const Plain = defineInterface('Store', { version: 4, methods: { get: method({ key: t.string }, t.string) } });

function manifestFor(name: string, version: number) {
  return parseManifest(manifestText('x', 'x', { name, version }), 'x/package.toml');
}

describe('what a manifest says of its interface', () => {
  it.each([
    ['the version asked for', Plain, 4],
    ['the version asked for, with optional methods', Store, 4],
    ['a version since when one optional method came', Store, 3],
    ['a version since when two of them came', Store, 2],
  ])('is accepted when it is %s', (_what, definition, version) => {
    expect(() => checkManifest('/x', manifestFor('Store', version), { definition: definition })).not.toThrow();
  });

  it.each([
    ['an older version', Plain, 3],
    ['a version before any that only added methods', Store, 1],
    ['version 0', Store, 0],
    ['a newer version', Store, 5],
    ['the highest version there is', Store, 4294967295],
  ])('is refused when it is %s', async (_what, definition, version) => {
    const error = await failureOf(() => checkManifest('/x', manifestFor('Store', version), { definition: definition }));

    expect(error).toMatchObject({
      code: 'FIDIUS_INTERFACE_VERSION_MISMATCH',
      message: `Cannot load /x: it implements version ${version} of Store, the host expects version 4`,
      path: '/x',
      interface: 'Store',
    });
  });

  it('is accepted when it is an alias, such as the crate of the interface', async () => {
    const Named = defineInterface('Store', {
      version: 4,
      aliases: ['store-interface', 'Shop'],
      methods: { get: method({ key: t.string }, t.string) },
    });

    for (const name of ['Store', 'store-interface', 'Shop']) {
      expect(() => checkManifest('/x', manifestFor(name, 4), { definition: Named })).not.toThrow();
    }
    expect(Named.hash).toBe(Plain.hash);
    const error = await failureOf(() => checkManifest('/x', manifestFor('store-interface', 5), { definition: Named }));
    expect(error.code).toBe('FIDIUS_INTERFACE_VERSION_MISMATCH');
  });

  it('leads to the aliases when it looks like the name of a crate', async () => {
    const error = await failureOf(() => checkManifest('/x', manifestFor('store-interface', 4), { definition: Store }));

    expect(error.code).toBe('FIDIUS_INTERFACE_NAME_MISMATCH');
    expect(error.hint).toContain('list it in `aliases` of defineInterface()');
  });

  it('is refused when it is another interface, whatever its version', async () => {
    const error = await failureOf(() => checkManifest('/x', manifestFor('Shop', 4), { definition: Store }));

    expect(error).toMatchObject({
      code: 'FIDIUS_INTERFACE_NAME_MISMATCH',
      message: 'Cannot load /x: it implements the interface Shop, the host expects Store',
      hint: 'Load another package, or correct `interface` in package.toml.',
    });
  });

  it('does not take long for versions that are far apart', async () => {
    const far = defineInterface('Store', {
      version: 4294967295,
      methods: { list: method({}, t.list(t.string), { optional: true, since: 4294967295 }) },
    });

    const error = await failureOf(() => checkManifest('/x', manifestFor('Store', 1), { definition: far }));

    expect(error.code).toBe('FIDIUS_INTERFACE_VERSION_MISMATCH');
  });
});
