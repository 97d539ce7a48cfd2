import { describe, expect, it } from 'vitest';
import { SecretKey } from '../../../src/packaging/signing/keys.ts';
import { Trust } from '../../../src/packaging/signing/trust.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const message = Buffer.from('message');
const end = new Date('2030-06-30T12:00:00.000Z');

describe('a key that is trusted until a moment', () => {
  const trust = new Trust({
    trustStore: { keys: [{ name: 'acme', key: acme.publicKey, notAfter: end }], revoked: new Map() },
  });

  it.each([
    ['a millisecond before', -1, 'trusted'],
    ['at that moment', 0, 'trusted'],
    ['a millisecond after', 1, 'expired'],
  ])('counts as it should %s', (_when, difference, verdict) => {
    const now = new Date(end.getTime() + difference);

    expect(trust.check(message, acme.sign(message), { now })).toMatchObject({ verdict });
  });
});
