import { statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { findUntrustedPart } from '../../files/trusted-path.ts';
import { replaceFile } from '../files/replace-file.ts';
import { PublicKey, rawKeyBytes, SecretKey } from './keys.ts';

/** Options of `generateKeyPair()`. */
export interface GenerateKeyPairOptions {
  /**
   * `raw`: the 32 bytes that the Rust tool reads, as `NAME.secret` and `NAME.public`. `pem`: PKCS#8 and SPKI text, as
   * `NAME.secret.pem` and `NAME.public.pem`.
   *
   * @default 'raw'
   */
  readonly format?: 'pem' | 'raw';
  /**
   * Replaces files that exist. An overwritten key is lost permanently.
   *
   * @default false
   */
  readonly force?: boolean;
}

/** The files of a key pair. */
export interface KeyPairFiles {
  /** Path of the secret key, which only the owner can read (mode 600). */
  readonly secretPath: string;
  /** Path of the public key (mode 644). */
  readonly publicPath: string;
}

// A longer file is not a key.
const maxKeyFileBytes = 64 * 1024;

/**
 * Writes both files of a key pair, or neither.
 *
 * Only the owner can read the secret key, from the moment the file exists.
 *
 * @param base path of the files without their endings.
 * @throws FidiusError `FIDIUS_KEY_EXISTS`, `FIDIUS_KEY_UNWRITABLE`
 */
export async function generateKeyPair(
  base: string,
  key: SecretKey,
  options: GenerateKeyPairOptions = {},
): Promise<KeyPairFiles> {
  checkOptionNames('generateKeyPair()', options, ['force', 'format']);
  const pem = options.format === 'pem';
  const ending = pem ? '.pem' : '';
  const files = { secretPath: `${base}.secret${ending}`, publicPath: `${base}.public${ending}` };
  const write = options.force === true ? replaceKeyFile : createKeyFile;

  await write(files.secretPath, pem ? key.exportPem() : key.exportBytes(), 0o600);
  try {
    await write(files.publicPath, pem ? key.publicKey.toPem() : key.publicKey.bytes, 0o644);
  } catch (error) {
    await rm(files.secretPath, { force: true });
    throw error;
  }
  return files;
}

/**
 * Reads a secret key. It is rejected if other users can read or replace it, as ssh does.
 *
 * @throws FidiusError `FIDIUS_KEY_UNREADABLE`, `FIDIUS_KEY_INVALID`, `FIDIUS_KEY_UNSAFE`
 */
export async function readSecretKey(path: string): Promise<SecretKey> {
  return readKey(path, 'secret', (bytes) => new SecretKey(bytes));
}

/**
 * Reads a public key from a file: raw bytes, hex digits, PEM or DER.
 *
 * @throws FidiusError `FIDIUS_KEY_UNREADABLE`, `FIDIUS_KEY_INVALID`
 */
export async function readPublicKey(path: string): Promise<PublicKey> {
  return readKey(path, 'public', (bytes) => new PublicKey(bytes));
}

async function readKey<T>(path: string, kind: 'public' | 'secret', parse: (bytes: Buffer) => T): Promise<T> {
  let bytes: Buffer;
  try {
    bytes = readForeignFile(path, { links: 'follow', maxBytes: maxKeyFileBytes });
  } catch (cause) {
    throw new FidiusError('FIDIUS_KEY_UNREADABLE', `Cannot read key ${path}: ${messageOf(cause)}`, {
      cause,
      hint:
        ioCode(cause) === 'ENOENT' ? `Correct the path, or create a pair of keys with fidius keygen.` : ioHint(cause),
    });
  }
  requireHalf(path, bytes, kind);
  if (kind === 'secret') requirePrivate(path);
  try {
    return parse(bytes);
  } catch (cause) {
    if (!isFidiusError(cause)) throw cause;
    throw new FidiusError('FIDIUS_KEY_INVALID', `Cannot use key ${path}: ${cause.message}`, { hint: cause.hint });
  }
}

function requirePrivate(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (process.getuid === undefined || status === undefined || !status.isFile()) return;
  const unsafe = (problem: string, hint: string) =>
    new FidiusError('FIDIUS_KEY_UNSAFE', `Cannot use secret key ${path}: ${problem}`, { hint });
  if ((status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8);
    throw unsafe(
      `other users can read it (mode ${mode})`,
      `Run chmod 600 ${path}; if others may have read it, create a new key.`,
    );
  }
  const distrust = findUntrustedPart(path);
  if (distrust !== undefined) throw unsafe(`${distrust.culprit}: ${distrust.problem}`, distrust.hint);
}

/**
 * Raw public and secret keys differ only in their file names. A signature made with a public key can be forged by
 * anyone.
 */
function requireHalf(path: string, bytes: Buffer, kind: 'public' | 'secret'): void {
  const other = kind === 'public' ? 'secret' : 'public';
  if (bytes.length !== rawKeyBytes || !path.endsWith(`.${other}`)) return;
  throw new FidiusError(
    'FIDIUS_KEY_INVALID',
    `Cannot use ${path} as a ${kind} key: its file name is that of a ${other} key`,
    {
      hint: `Pass the other key of the pair, ${basename(path, other)}${kind}.`,
    },
  );
}

async function createKeyFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode });
  } catch (cause) {
    if (ioCode(cause) !== 'EEXIST') {
      // An incomplete file would prevent the next attempt.
      await rm(path, { force: true }).catch(() => {});
      throw unwritable(path, cause);
    }
    throw new FidiusError('FIDIUS_KEY_EXISTS', `Cannot write key ${path}: the file exists`, {
      cause,
      hint: 'Choose another name, or pass `force` to replace the old key.',
    });
  }
}

async function replaceKeyFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await replaceFile(path, (handle) => handle.writeFile(content), { mode }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

function unwritable(path: string, cause: unknown): FidiusError {
  return new FidiusError('FIDIUS_KEY_UNWRITABLE', `Cannot write key ${path}: ${messageOf(cause)}`, {
    cause,
    hint: ioHint(cause),
  });
}
