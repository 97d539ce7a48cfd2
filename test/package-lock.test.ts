import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  // npm leaves out what its registry cannot deliver when the lock file is written; `npm ci` then refuses everywhere.
  it('knows the optional packages of every platform', () => {
    const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };

    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !(`node_modules/${name}` in packages));

    expect(missing).toEqual([]);
  });
});
