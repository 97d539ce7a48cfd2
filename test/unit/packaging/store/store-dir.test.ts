import { describe, expect, it } from 'vitest';
import { defaultStoreDir } from '../../../../src/packaging/store/store-dir.ts';
import { failureOf } from '../../../support/failure.ts';

describe('the default store', () => {
  it('lies among the caches of the user', () => {
    expect(defaultStoreDir({ XDG_CACHE_HOME: '/x' })).toMatch(/fidius.packages$/);
  });

  it.each([
    [{ XDG_CACHE_HOME: 'relative' }, '/home/x', 'XDG_CACHE_HOME'],
    [{ XDG_CACHE_HOME: './' }, '/home/x', 'XDG_CACHE_HOME'],
    [{}, '', 'HOME'],
    [{}, '.', 'HOME'],
  ])(
    'is refused where the environment would put it into the current folder: %j, HOME=%j',
    async (env, home, variable) => {
      const error = await failureOf(() => defaultStoreDir(env, home));

      expect(error.code).toBe('FIDIUS_STORE_UNSAFE');
      expect(error.message).toContain(`Cannot choose a package store: ${variable} leads to "`);
      expect(error.message).toMatch(/, expected an absolute path$/);
    },
  );
});
