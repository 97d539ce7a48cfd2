import { describe, expect, it } from 'vitest';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { Trust } from '../../../../src/packaging/signing/trust.ts';

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

describe('a key that may sign some packages', () => {
  it.each([
    ['acme-*', 'acme-auth', true],
    ['acme-*', 'acme', false],
    ['acme-*', 'xacme-auth', false],
    ['acme', 'acme', true],
    ['acme', 'acme-auth', false],
    ['*', 'anything', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'a-c', false],
    ['a*b*c', 'ac-b', false],
    ['a*b*b', 'ab', false],
    ['a*b', 'ab-', false],
    ['ab*bc', 'abc', false],
    ['acme-.', 'acme-x', false],
  ])('fits by pattern and name: %s, %s: %s', (pattern, name, isFit) => {
    const trust = new Trust({ trustStore: { keys: [keyFor([pattern])], revoked: new Map() } });

    const { verdict } = trust.check(Buffer.from('x'), acme.sign(Buffer.from('x')), { name });

    expect(verdict).toBe(isFit ? 'trusted' : 'out of scope');
  });

  it('is trusted for any package where it is listed a second time without such a list', () => {
    const keys = [keyFor(['other']), keyFor(undefined)];
    const trust = new Trust({ trustStore: { keys, revoked: new Map() } });

    expect(trust.check(Buffer.from('x'), acme.sign(Buffer.from('x')), { name: 'demo' }).verdict).toBe('trusted');
  });

  it('is judged by the last moment of its trust, that moment included', () => {
    const end = new Date('2030-01-01T00:00:00Z');
    const trust = new Trust({ trustStore: { keys: [{ ...keyFor(undefined), notAfter: end }], revoked: new Map() } });
    const judge = (now: Date) => trust.check(Buffer.from('x'), acme.sign(Buffer.from('x')), { now }).verdict;

    expect([judge(end), judge(new Date(end.getTime() + 1))]).toEqual(['trusted', 'expired']);
  });
});

function keyFor(packages: readonly string[] | undefined) {
  return { name: 'Acme', key: acme.publicKey, notAfter: undefined, packages };
}
