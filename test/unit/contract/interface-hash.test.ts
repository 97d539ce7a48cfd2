import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fnv1a64, interfaceHash } from '../../../src/contract/hash/interface-hash.ts';
import { signatureOf } from '../../../src/contract/interface.ts';
import { formatHash } from '../../../src/errors/load-error.ts';
import { interfaces } from '../../contract/interface-vectors.ts';

const vectors = JSON.parse(readFileSync('test/fixtures/vectors/interface-hash.json', 'utf8')) as {
  readonly fnv1a64: readonly { readonly utf8: string; readonly fnv1a64: string }[];
};

describe('FNV-1a 64', () => {
  it.each(vectors.fnv1a64)('of $utf8 is $fnv1a64', ({ utf8, fnv1a64: expected }) => {
    expect(formatHash(fnv1a64(Buffer.from(utf8)))).toBe(expected);
  });
});

describe('the interface hash', () => {
  it('is printed in full where the first digits are zeros', () => {
    expect(formatHash(0x2an)).toBe('0x000000000000002a');
  });

  it('differs between the two spellings only where a comma, a semicolon or a parenthesis follows a name', () => {
    const bothHashes = (id: string) => {
      const signatures = interfaces[id]?.methods.map(signatureOf) ?? [];
      return [interfaceHash(signatures, 'compiler'), interfaceHash(signatures, 'standalone')];
    };
    const [compiler, standalone] = bothHashes('ResultString');

    expect(compiler).toBe(0x7a527a81aa41e5adn);
    expect(standalone).toBe(0xf75fdebe59987dd5n);
    expect(interfaces['ResultString']?.descriptor.standaloneHash).toBe(standalone);
    expect(new Set(bothHashes('RawResult')).size).toBe(1);
  });
});
