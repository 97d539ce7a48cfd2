import type { KeyObject } from 'node:crypto';
import { crypto } from '../crypto.ts';
import { type KeyFormat, type KeyInput, toKeyObject } from './key-input.ts';
import { PublicKey } from './public-key.ts';

/** An Ed25519 secret key. It never shows itself: printing or cloning it gives nothing away. */
export class SecretKey {
  readonly publicKey: PublicKey;
  readonly #key: KeyObject;

  /** @throws FidiusError `FIDIUS_KEY_INVALID` */
  constructor(input: KeyInput) {
    this.#key = toKeyObject(input, format);
    this.publicKey = new PublicKey(crypto().createPublicKey(this.#key));
  }

  static generate(): SecretKey {
    return new SecretKey(crypto().randomBytes(32));
  }

  /** The 64 bytes of the signature. Ed25519 makes the same one each time. */
  sign(message: Uint8Array): Uint8Array {
    return crypto().sign(null, message, this.#key);
  }

  /** The 32 bytes that the Rust tool keeps in a `.secret` file. */
  exportBytes(): Uint8Array {
    return this.#key.export({ format: 'der', type: 'pkcs8' }).subarray(format.prefix.length);
  }

  exportPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }
}

/** A key of ours as it is, anything else made into one. */
export function toSecretKey(input: KeyInput | SecretKey): SecretKey {
  return input instanceof SecretKey ? input : new SecretKey(input);
}

const format: KeyFormat = {
  kind: 'secret',
  prefix: Buffer.from('302e020100300506032b657004220420', 'hex'),
  parse: (key, form) => crypto().createPrivateKey(form === 'pem' ? key : { key, format: 'der', type: 'pkcs8' }),
};
