import type { KeyObject } from 'node:crypto';
import { crypto } from '../crypto.ts';
import { type KeyFormat, type KeyInput, keyError, toKeyObject } from './key-input.ts';

/** An Ed25519 public key. */
export class PublicKey {
  /** The 32 bytes that the Rust tool keeps in a `.public` file. */
  readonly bytes: Uint8Array;
  /** A short fingerprint for people: the first 16 hex digits of the SHA-256 of {@link PublicKey.bytes}. */
  readonly id: string;
  readonly #key: KeyObject;

  /** @throws FidiusError `FIDIUS_KEY_INVALID` when the input is no such key, or one for which anybody can sign. */
  constructor(input: KeyInput) {
    this.#key = toKeyObject(input, format);
    this.bytes = this.#key.export({ format: 'der', type: 'spki' }).subarray(format.prefix.length);
    if (isSmallOrder(this.bytes))
      throw keyError('public', 'anybody can make signatures that fit it (a point of small order)');
    this.id = crypto().createHash('sha256').update(this.bytes).digest('hex').slice(0, 16);
  }

  /** Whether `signature` was made over `message` with the secret half of this key. */
  verifies(message: Uint8Array, signature: Uint8Array): boolean {
    return crypto().verify(null, message, this.#key, signature);
  }

  toPem(): string {
    return this.#key.export({ format: 'pem', type: 'spki' }).toString();
  }
}

/** A key of ours as it is, anything else made into one. */
export function toPublicKey(input: KeyInput | PublicKey): PublicKey {
  return input instanceof PublicKey ? input : new PublicKey(input);
}

const format: KeyFormat = {
  kind: 'public',
  prefix: Buffer.from('302a300506032b6570032100', 'hex'),
  parse: (key, form) => crypto().createPublicKey(form === 'pem' ? key : { key, format: 'der', type: 'spki' }),
};

/**
 * The points whose order divides 8, and the spellings of them that are not canonical. A file of zeros is one of them.
 *
 * The highest bit of the last byte is the sign of x and does not matter here.
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
