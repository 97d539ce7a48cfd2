import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

describe('package-lock.json', () => {
  // npm leaves out what its registry cannot deliver when the lock file is written; `npm ci` then refuses everywhere.
  it('knows the optional packages of every platform', () => {
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !(`node_modules/${name}` in packages));

    expect(missing).toEqual([]);
  });

  // Without a hash, `npm ci` installs whatever a registry or a proxy delivers. npm leaves it out for packages of other
  // platforms if it writes the lock file from an existing node_modules.
  it('contains a SHA-512 hash of every package, also of those for other platforms', () => {
    const unprotected = Object.entries(packages)
      .filter(([path, { link }]) => path !== '' && link !== true)
      .filter(([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
      .map(([path]) => path);

    expect(unprotected).toEqual([]);
  });
});
