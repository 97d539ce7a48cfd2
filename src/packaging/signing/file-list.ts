import { PublicKey } from './public-key.ts';
import type { SecretKey } from './secret-key.ts';

/** What the list says of one file. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
}

/** A list whose own signature was found to fit the key that it names. */
export interface FileList {
  /** The key that the list names. Whether it is trusted is another question. */
  readonly key: PublicKey;
  /** The package digest that the files add up to. */
  readonly digest: Buffer;
  readonly files: readonly ListedFile[];
}

const firstLine = 'fidius-files 1';

/**
 * Writes a signed list:
 *
 * ```
 * fidius-files 1
 * key <64 hex digits>
 * signature <128 hex digits>
 * digest <64 hex digits>
 * <sha256, 64 hex digits> <bytes> "<path as a JSON string>"
 * …
 * ```
 *
 * The signature covers the first line and everything below the signature's own line.
 */
export function formatFileList(digest: Uint8Array, files: readonly ListedFile[], key: SecretKey): string {
  const body = [
    `digest ${toHex(digest)}`,
    ...files.map(({ path, bytes, sha256 }) => `${sha256} ${bytes} ${JSON.stringify(path)}`),
    '',
  ].join('\n');
  const signature = key.sign(signedPart(body));
  return [firstLine, `key ${toHex(key.publicKey.bytes)}`, `signature ${toHex(signature)}`, body].join('\n');
}

/** Nothing when the text is no list, or its signature does not fit the key it names. Never throws. */
export function parseFileList(text: string): FileList | undefined {
  const head = /^fidius-files 1\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n(?=digest ([0-9a-f]{64})\n)/.exec(text);
  if (head === null) return undefined;
  const [matched, keyHex = '', signatureHex = '', digestHex = ''] = head;
  const body = text.slice(matched.length);
  try {
    const key = new PublicKey(keyHex);
    if (!key.verifies(signedPart(body), Buffer.from(signatureHex, 'hex'))) return undefined;
    const files = body.split('\n').slice(1, -1).map(parseLine);
    return { key, digest: Buffer.from(digestHex, 'hex'), files };
  } catch {
    return undefined;
  }
}

// The first line keeps such a signature from ever meaning anything else: a package's own is over 32 bytes.
function signedPart(body: string): Buffer {
  return Buffer.from(`${firstLine}\n${body}`);
}

function parseLine(line: string): ListedFile {
  const [, sha256 = '', bytes = '', path = ''] = /^([0-9a-f]{64}) (\d+) (".*")$/.exec(line) ?? [];
  return { sha256, bytes: Number(bytes), path: String(JSON.parse(path)) };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
