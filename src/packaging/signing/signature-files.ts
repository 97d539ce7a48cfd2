import { PublicKey, type SecretKey } from './keys.ts';

/** An entry of the list. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
}

/** The head of a list whose signature matches the key in it. The lines of the files are not parsed yet. */
export interface FileListText {
  /** The key in the list. It is not necessarily trusted. */
  readonly key: PublicKey;
  /** The package digest that the files add up to. */
  readonly digest: Buffer;
  /**
   * Parses the lines; `undefined` if one of them is malformed. Call it only for a credible list, because anyone can
   * sign a long list.
   */
  readonly readFiles: () => readonly ListedFile[] | undefined;
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
  const signature = key.sign(signedPart(Buffer.from(body)));
  return [firstLine, `key ${toHex(key.publicKey.bytes)}`, `signature ${toHex(signature)}`, body].join('\n');
}

const headPattern = /^fidius-files 1\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n(?=digest ([0-9a-f]{64})\n)/;
const longestHead = 512;

/** `undefined` if it is not a list, or if its signature does not match its key. Never throws. */
export function readListText(bytes: Buffer): FileListText | undefined {
  const head = headPattern.exec(bytes.toString('latin1', 0, longestHead));
  if (head === null) return undefined;
  const [matched, keyHex = '', signatureHex = '', digestHex = ''] = head;
  const body = bytes.subarray(matched.length);
  try {
    const key = new PublicKey(keyHex);
    if (!key.verifies(signedPart(body), Buffer.from(signatureHex, 'hex'))) return undefined;
    return { key, digest: Buffer.from(digestHex, 'hex'), readFiles: () => parseLines(body.toString()) };
  } catch {
    return undefined;
  }
}

function parseLines(body: string): readonly ListedFile[] | undefined {
  try {
    return body.split('\n').slice(1, -1).map(parseLine);
  } catch {
    return undefined;
  }
}

// The first line separates the two kinds of signatures: that of a package is over 32 bytes.
function signedPart(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${firstLine}\n`), body]);
}

function parseLine(line: string): ListedFile {
  const [, sha256 = '', bytes = '', path = ''] = /^([0-9a-f]{64}) (\d{1,16}) (".*")$/.exec(line) ?? [];
  return { sha256, bytes: Number(bytes), path: String(JSON.parse(path)) };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** 64 raw bytes: the Ed25519 signature of the package digest. The Rust tool reads and writes it. */
export const signatureFileName = 'package.sig';

/**
 * The signed list of files, which explains a signature that does not match. Its name ends in `.sig` because the digest
 * excludes such files, here and in the Rust tool. The list therefore does not change the digest.
 */
export const fileListName = 'package.files.sig';

export const signatureBytes = 64;

/** Both signature files. The signature does not cover them. */
const signatureFiles: readonly string[] = [signatureFileName, fileListName];

export function isOurSignature(path: string): boolean {
  return signatureFiles.includes(path);
}
