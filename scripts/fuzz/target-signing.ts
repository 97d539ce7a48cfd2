import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareFiles } from '../../src/packaging/digest/package-digest.ts';
import { readPublicKey, readSecretKey } from '../../src/packaging/signing/key-files.ts';
import { SecretKey } from '../../src/packaging/signing/keys.ts';
import { formatFileList, readListText } from '../../src/packaging/signing/signature-files.ts';
import { Trust } from '../../src/packaging/signing/trust.ts';
import { readTrustStore } from '../../src/packaging/signing/trust-store.ts';
import type { FuzzTarget } from './target.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const hex = Buffer.from(acme.publicKey.bytes).toString('hex');
const files = ['a.py', 'é/"b"'].map((path) => ({ path, bytes: 1, sha256: '0'.repeat(64) }));
const list = formatFileList(Buffer.alloc(32), files, acme);
const head = `fidius-files 1\nkey ${hex}\n`;

export const signingTargets: readonly FuzzTarget[] = [
  {
    name: 'signature',
    samples: () => [Buffer.from(acme.sign(Buffer.alloc(32)))],
    words: ['\0'.repeat(32), '\xff'.repeat(32)],
    read: (input) => {
      const genuine = Buffer.from(acme.sign(Buffer.alloc(32)));
      const { verdict } = new Trust({ trustedKeys: [acme.publicKey] }).check(Buffer.alloc(32), input);
      if ((verdict === 'trusted') !== genuine.equals(input)) throw new Error(`the verdict is ${verdict}`);
    },
  },
  {
    name: 'file list',
    samples: () => [Buffer.from(list), Buffer.from(list.slice(list.indexOf('digest ')))],
    words: ['digest ', '\n', '"', '\\u0000', '0'.repeat(64), ' 1 "', '[]', '__proto__'],
    read: (input) => {
      // As it is, and signed again: whoever makes a package can sign any list.
      const body = Buffer.concat([Buffer.from('fidius-files 1\n'), input]);
      const signature = Buffer.from(acme.sign(body)).toString('hex');
      for (const bytes of [input, Buffer.concat([Buffer.from(`${head}signature ${signature}\n`), input])]) {
        compareFiles(readListText(bytes)?.readFiles() ?? [], files);
      }
    },
  },
  {
    name: 'keys',
    samples: () => [
      Buffer.from(acme.publicKey.bytes),
      Buffer.from(acme.publicKey.toPem()),
      Buffer.from(acme.exportPem()),
      Buffer.from(acme.exportBytes()),
    ],
    words: [
      '-----BEGIN PUBLIC KEY-----',
      '-----BEGIN PRIVATE KEY-----',
      'ENCRYPTED',
      '\x30',
      '\x30\x80',
      '\x06\x03\x2b\x65\x70',
    ],
    read: async (input, folder) => {
      const path = join(folder, 'key');
      writeFileSync(path, input, { mode: 0o600 });
      const results = await Promise.allSettled([readPublicKey(path), readSecretKey(path)]);
      for (const result of results)
        if (result.status === 'rejected') await Promise.reject(result.reason).catch(rethrowOther);
    },
  },
  {
    name: 'trust.toml',
    samples: () => [
      Buffer.from(
        `[[keys]]\nname = "Acme"\npublic_key = "${hex}"\nnot_after = 2030-01-01\npackages = ["acme-*"]\n\n[[revoked]]\nid = "${acme.publicKey.id}"\nreason = "stolen"\n`,
      ),
    ],
    words: ['[[keys]]', '[[revoked]]', 'file = "x.public"', 'not_after = ', '2030-02-30', '07:32:00', '"', '*', '\n'],
    read: async (input, folder) => {
      const path = join(folder, 'trust.toml');
      writeFileSync(path, input);
      chmodSync(path, 0o600);
      const trust = new Trust({ trustStore: await readTrustStore(path) });
      trust.check(Buffer.alloc(32), acme.sign(Buffer.alloc(32)), { name: 'acme-x' });
    },
  },
];

/** Two keys are read from each input: an error of ours from the first must not hide another one from the second. */
function rethrowOther(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('FIDIUS_KEY_'))) throw error;
}
