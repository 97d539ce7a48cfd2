import type { KeyObject } from 'node:crypto';
import { FidiusError, FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { crypto } from '../crypto.ts';

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
export function toKeyObject(input: KeyInput, format: KeyFormat): KeyObject {
  const key = input instanceof crypto().KeyObject ? input : parseKey(toBytes(input), format);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw keyError(format.kind, `it is a key for ${key.asymmetricKeyType ?? 'a symmetric cipher'}, not for Ed25519`);
  }
  if ((key.type === 'public') !== (format.kind === 'public'))
    throw keyError(format.kind, 'it is the other half of a pair');
  return key;
}

export function keyError(kind: KeyFormat['kind'], problem: string, cause?: unknown): FidiusError {
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
    throw keyError(kind, 'it is the other half of a pair');
  }
  try {
    if (start.startsWith('-----BEGIN')) return parse(bytes, 'pem');
    return parse(bytes.length === rawKeyBytes ? Buffer.concat([prefix, bytes]) : bytes, 'der');
  } catch {
    // OpenSSL's own words ("unsupported", "wrong tag") say less than the length does.
    throw keyError(kind, `found ${bytes.length} bytes, expected ${rawKeyBytes} raw bytes, PEM or DER`);
  }
}
