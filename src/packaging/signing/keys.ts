import type { KeyObject } from 'node:crypto';
import { FidiusError, FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { crypto } from '../digest/crypto.ts';

/** An Ed25519 public key. */
export class PublicKey {
  /** The 32 bytes that the Rust tool keeps in a `.public` file. */
  readonly bytes: Uint8Array;
  /** A short fingerprint for people: the first 16 hex digits of the SHA-256 of {@link PublicKey.bytes}. */
  readonly id: string;
  readonly #key: KeyObject;

  /** @throws FidiusError `FIDIUS_KEY_INVALID` if the input is not a valid key, or a weak key. */
  constructor(input: KeyInput) {
    this.#key = toKeyObject(input, publicFormat);
    this.bytes = this.#key.export({ format: 'der', type: 'spki' }).subarray(publicFormat.prefix.length);
    if (isSmallOrder(this.bytes)) throw keyError('public', 'it is a weak key (a point of small order)');
    this.id = crypto().createHash('sha256').update(this.bytes).digest('hex').slice(0, 16);
  }

  /** Whether `signature` was made over `message` with the secret half of this key. */
  verifies(message: Uint8Array, signature: Uint8Array): boolean {
    return crypto().verify(null, message, this.#key, signature);
  }

  /** Returns the key as PEM text (SPKI, RFC 8410). */
  toPem(): string {
    return this.#key.export({ format: 'pem', type: 'spki' }).toString();
  }
}

/** Returns a key object unchanged, and converts other inputs. */
export function toPublicKey(input: KeyInput | PublicKey): PublicKey {
  return input instanceof PublicKey ? input : new PublicKey(input);
}

const publicFormat: KeyFormat = {
  kind: 'public',
  prefix: Buffer.from('302a300506032b6570032100', 'hex'),
  parse: (key, form) => crypto().createPublicKey(form === 'pem' ? key : { key, format: 'der', type: 'spki' }),
};

/**
 * The points whose order divides 8, and the spellings of them that are not canonical. A file of zeros is one of them.
 *
 * The highest bit of the last byte is the sign of x, which is ignored here.
 */
const smallOrderPoints: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

function isSmallOrder(bytes: Uint8Array): boolean {
  const point = Buffer.from(bytes);
  point.writeUInt8(point.readUInt8(31) & 0x7f, 31);
  return smallOrderPoints.includes(point.toString('hex'));
}

/** An Ed25519 secret key. Printing or cloning it does not reveal its bytes. */
export class SecretKey {
  /** The public half of the key. */
  readonly publicKey: PublicKey;
  readonly #key: KeyObject;

  /** @throws FidiusError `FIDIUS_KEY_INVALID` */
  constructor(input: KeyInput) {
    this.#key = toKeyObject(input, secretFormat);
    this.publicKey = new PublicKey(crypto().createPublicKey(this.#key));
  }

  /** Generates a new key, with the random numbers of OpenSSL. */
  static generate(): SecretKey {
    return new SecretKey(crypto().randomBytes(32));
  }

  /** The 64 bytes of the signature. Ed25519 makes the same one each time. */
  sign(message: Uint8Array): Uint8Array {
    return crypto().sign(null, message, this.#key);
  }

  /** The 32 bytes that the Rust tool keeps in a `.secret` file. */
  exportBytes(): Uint8Array {
    return this.#key.export({ format: 'der', type: 'pkcs8' }).subarray(secretFormat.prefix.length);
  }

  /** Returns the secret key as PEM text (PKCS#8, RFC 8410), without encryption. */
  exportPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }
}

/** Returns a key object unchanged, and converts other inputs. */
export function toSecretKey(input: KeyInput | SecretKey): SecretKey {
  return input instanceof SecretKey ? input : new SecretKey(input);
}

const secretFormat: KeyFormat = {
  kind: 'secret',
  prefix: Buffer.from('302e020100300506032b657004220420', 'hex'),
  parse: (key, form) => crypto().createPrivateKey(form === 'pem' ? key : { key, format: 'der', type: 'pkcs8' }),
};

/** The forms in which a key may be passed: 32 raw bytes, 64 hex digits, PEM text, DER bytes, or Node's own object. */
export type KeyInput = Uint8Array | string | KeyObject;

/** Length of a raw Ed25519 key, public or secret. */
export const rawKeyBytes = 32;

export interface KeyFormat {
  /** `public` or `secret`: what the key must be. */
  readonly kind: 'public' | 'secret';
  /** The DER that goes before the 32 raw bytes. */
  readonly prefix: Buffer;
  /** Node's own reader of PEM text and of DER bytes. */
  readonly parse: (key: Buffer, format: 'pem' | 'der') => KeyObject;
}

/** @throws FidiusError `FIDIUS_KEY_INVALID`, never with the key itself in the message. */
function toKeyObject(input: KeyInput, format: KeyFormat): KeyObject {
  const key = input instanceof crypto().KeyObject ? input : parseKey(toBytes(input), format);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw keyError(format.kind, `it is a key for ${key.asymmetricKeyType ?? 'a symmetric cipher'}, not for Ed25519`);
  }
  if ((key.type === 'public') !== (format.kind === 'public'))
    throw keyError(format.kind, `it is a ${key.type === 'public' ? 'public' : 'secret'} key`);
  return key;
}

function keyError(kind: KeyFormat['kind'], problem: string, cause?: unknown): FidiusError {
  return new FidiusError('FIDIUS_KEY_INVALID', `Invalid ${kind} key: ${problem}`, {
    cause,
    hint: `Pass the ${rawKeyBytes} bytes of the key file, its 64 hex digits, or PEM text.`,
  });
}

function toBytes(input: Uint8Array | string): Buffer {
  if (typeof input === 'string' && /^[0-9a-f]{64}$/i.test(input)) return Buffer.from(input, 'hex');
  if (typeof input === 'string' || input instanceof Uint8Array) return Buffer.from(input);
  throw new FidiusTypeError(
    'FIDIUS_ARGUMENT_INVALID',
    `A key must be bytes, text or a KeyObject, got ${describe(input)}`,
  );
}

function parseKey(bytes: Buffer, { kind, prefix, parse }: KeyFormat): KeyObject {
  const start = bytes.toString('latin1', 0, 64);
  if (start.includes('ENCRYPTED')) throw keyError(kind, 'it is protected by a passphrase');
  if (start.startsWith('-----BEGIN') && start.includes('PRIVATE KEY') !== (kind === 'secret')) {
    throw keyError(kind, `it is a ${kind === 'public' ? 'secret' : 'public'} key`);
  }
  try {
    if (start.startsWith('-----BEGIN')) return parse(bytes, 'pem');
    return parse(bytes.length === rawKeyBytes ? Buffer.concat([prefix, bytes]) : bytes, 'der');
  } catch {
    // The length is more helpful than the messages of OpenSSL ("unsupported", "wrong tag").
    throw keyError(kind, `found ${bytes.length} bytes, expected ${rawKeyBytes} raw bytes, PEM or DER`);
  }
}
