import nodeBuffer from 'node:buffer';

// Not imported by name: Node.js 16 could not link this module, and would not say that it is too old.
const { isUtf8 } = nodeBuffer;

const fromCharCode = String.fromCharCode;

/** Text up to this length is decoded in JavaScript: a call into native code takes longer. */
const SHORT = 12;

/** Results of {@link longText} for text that JavaScript cannot represent, and for bytes that are not text. */
export const loneSurrogate = Symbol('lone surrogate');
export const tooLong = Symbol('too long');
export const notText = Symbol('not text');

/** Short ASCII text; `undefined` for anything else. The caller has checked that the bytes exist. */
export function shortText(bytes: Uint8Array, at: number, size: number): string | undefined {
  if (size > SHORT) return undefined;
  let bits = 0;
  for (let index = at; index < at + size; index += 1) bits |= bytes[index] as number;
  if (bits > 0x7f) return undefined;
  return size <= 8 ? upTo8(bytes, at, size) : upTo8(bytes, at, 8) + upTo8(bytes, at + 8, size - 8);
}

/** Text of any length, from UTF-8. */
export function longText(
  bytes: Buffer,
  start: number,
  end: number,
): string | typeof loneSurrogate | typeof tooLong | typeof notText {
  let text: string;
  try {
    text = bytes.toString('utf8', start, end);
  } catch {
    return tooLong;
  }
  // A replacement character is part of the text, or replaces bytes that are not valid UTF-8.
  if (!text.includes('\ufffd') || isUtf8(bytes.subarray(start, end))) return text;
  // Python encodes a lone surrogate like a character. Remove those and validate again.
  const rest = bytes.toString('latin1', start, end).replace(/\xed[\xa0-\xbf][\x80-\xbf]/g, '');
  return isUtf8(Buffer.from(rest, 'latin1')) ? loneSurrogate : notText;
}

/** ASCII text of at most eight characters. `fromCharCode` with a fixed number of arguments is the fastest method. */
function upTo8(bytes: Uint8Array, at: number, size: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  switch (size) {
    case 0:
      return '';
    case 1:
      return fromCharCode(a);
    case 2:
      return fromCharCode(a, b);
    case 3:
      return fromCharCode(a, b, c);
    case 4:
      return fromCharCode(a, b, c, d);
  }
  const e = bytes[at + 4] as number;
  const f = bytes[at + 5] as number;
  const g = bytes[at + 6] as number;
  const h = bytes[at + 7] as number;
  switch (size) {
    case 5:
      return fromCharCode(a, b, c, d, e);
    case 6:
      return fromCharCode(a, b, c, d, e, f);
    case 7:
      return fromCharCode(a, b, c, d, e, f, g);
    default:
      return fromCharCode(a, b, c, d, e, f, g, h);
  }
}
