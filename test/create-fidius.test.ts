import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface PackageJson {
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as PackageJson;

describe('the package create-fidius', () => {
  const own = read('packages/create-fidius/package.json');
  const library = read('package.json');

  it('has the version of the library, and creates projects with it', () => {
    expect(own.version).toBe(library.version);
    expect(own.dependencies).toEqual({ fidius: `^${library.version}` });
  });

  it('has the same requirements and license', () => {
    expect(own.engines).toEqual(library.engines);
    expect(own.license).toBe(library.license);
    expect(readFileSync('packages/create-fidius/LICENSE', 'utf8')).toBe(readFileSync('LICENSE', 'utf8'));
  });
});
