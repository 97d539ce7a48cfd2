import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFidiusError, SignatureError } from '../../../src/index.ts';
import { PublicKey, readTrustStore, SecretKey, signPackage, verifyPackage } from '../../../src/packaging.ts';
import { packageOf } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));
const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
const damage = fc.tuple(changes, fc.option(fc.nat()));

describe('anything at all, taken for a key,', () => {
  const pem = { public: key.publicKey.toPem(), secret: key.exportPem() };
  const given = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ maxLength: 200 }),
    damage.map((each) => mutate(Buffer.from(pem.public), each)),
    damage.map((each) => mutate(Buffer.from(pem.secret), each)),
  );

  it.each([
    ['public', (input: Uint8Array | string) => new PublicKey(input).id],
    ['secret', (input: Uint8Array | string) => new SecretKey(input).publicKey.id],
  ] as const)('is a %s key or refused as none, and never printed', (_kind, read) => {
    fc.assert(
      fc.property(given, (input) => {
        const { id = '', code, message } = outcomeOf(() => read(input));
        const text = Buffer.from(input).toString('latin1').trim();
        const tells = text.length > 8 && message.includes(text);

        expect(code ?? id).toMatch(/^FIDIUS_KEY_INVALID$|^[0-9a-f]{16}$/);
        expect(tells).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a damaged signature', () => {
  it('is never believed', async () => {
    const dir = await signed();
    const original = readFileSync(join(dir, 'package.sig'));

    await fc.assert(
      fc.asyncProperty(damage, async (each) => {
        const mutated = mutate(original, each);
        fc.pre(!mutated.equals(original));
        writeFileSync(join(dir, 'package.sig'), mutated);

        const error: unknown = await verifyPackage(dir, { trustedKeys: [key.publicKey] }).catch((cause) => cause);

        expect(error).toBeInstanceOf(SignatureError);
        expect(error).toMatchObject({ code: 'FIDIUS_SIGNATURE_INVALID' });
      }),
      { numRuns: 150 },
    );
  });

  it('of the list of files is detected, and no file is blamed', async () => {
    const dir = await signed();
    const original = readFileSync(join(dir, 'package.files.sig'));
    appendFileSync(join(dir, 'demo.py'), '# changed');

    await fc.assert(
      fc.asyncProperty(damage, async (each) => {
        const mutated = mutate(original, each);
        fc.pre(!mutated.equals(original));
        writeFileSync(join(dir, 'package.files.sig'), mutated);

        const error: unknown = await verifyPackage(dir, { trustedKeys: [key.publicKey] }).catch((cause) => cause);

        expect(error).toBeInstanceOf(SignatureError);
        expect(error).toMatchObject({ code: 'FIDIUS_SIGNATURE_INVALID', differences: undefined });
      }),
      { numRuns: 150 },
    );
  });
});

describe('a damaged trust store', () => {
  it('trusts no other key, or is rejected', async () => {
    const folder = tempFolder();
    const original = Buffer.from(
      `[[keys]]\nname = "Acme"\npublic_key = "${Buffer.from(key.publicKey.bytes).toString('hex')}"\nnot_after = 2030-01-01\n`,
    );

    await fc.assert(
      fc.asyncProperty(damage, async (each) => {
        const path = join(folder, 'trust.toml');
        writeFileSync(path, mutate(original, each));

        const outcome: unknown = await readTrustStore(path).then(
          ({ keys }) => `${keys.length} keys`,
          (error: unknown) => (isFidiusError(error) ? error.code : error),
        );

        expect(outcome).toMatch(/^[01] keys$|^FIDIUS_(TRUST|KEY)_INVALID$/);
      }),
      { numRuns: 200 },
    );
  });
});

async function signed(): Promise<string> {
  const dir = packageOf({ 'demo.py': 'x = 1\n' });
  await signPackage(dir, { key });
  return dir;
}

interface KeyOutcome {
  readonly id?: string;
  readonly code?: string;
  readonly message: string;
}

function outcomeOf(attempt: () => string): KeyOutcome {
  try {
    return { id: attempt(), message: '' };
  } catch (error) {
    if (isFidiusError(error)) return error;
    throw error;
  }
}

function mutate(
  original: Buffer,
  [flips, cut]: readonly [readonly (readonly [number, number])[], number | null],
): Buffer {
  const data = Buffer.from(original);
  for (const [at, bits] of flips) data[at % data.length] = (data[at % data.length] ?? 0) ^ bits;
  return data.subarray(0, cut === null ? undefined : cut % data.length);
}
