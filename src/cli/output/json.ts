import { randomUUID } from 'node:crypto';

/**
 * Formats a value as indented JSON with a final line break, for other programs.
 *
 * No field of a record is left out: `undefined` becomes `null`, so that a reader does not have to distinguish the two.
 * Integers of any size are written as digits, and dates as in ISO 8601. Other values without a JSON form become an object
 * with one key: `{"$bytes": "<base64>"}`, `{"$float": "NaN"}`, `{"$map": [[key, value], …]}`, `{"$set": […]}`. An ordinary
 * object of one of these forms gets a second `$` before its key. {@link fromJson} reads all of these.
 */
export function toJson(value: unknown, { indent = 2 }: { readonly indent?: number } = {}): string {
  // JSON.stringify cannot write digits without quotes. They are marked, and marks and quotes are removed afterwards.
  const mark = randomUUID();
  const text = JSON.stringify(
    value,
    // The second parameter is the result of toJSON(); `this` still has the original value.
    function (this: Readonly<Record<string, unknown>>, key): unknown {
      const plain = plainForm(this[key]);
      const digits = digitsOf(plain);
      return digits === undefined ? plain : `${mark}${digits}`;
    },
    indent,
  );
  const json = text.replaceAll(new RegExp(`"${mark}(-?[\\d.]+)"`, 'g'), '$1');
  return `${escapeControls(json)}\n`;
}

/** Escapes characters that JSON permits in a string, and a terminal interprets. */
export function escapeControls(json: string): string {
  return json.replaceAll(/(?!\n)[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, escapeUnit);
}

/**
 * Parses the output of {@link toJson}, and any other JSON, without losing a digit of an integer.
 *
 * @throws SyntaxError also for `$bytes` whose text is not base64.
 */
export function fromJson(text: string): unknown {
  const mark = randomUUID();
  // Strings are matched as well, so that the digits in them stay unchanged.
  const marked = text.replaceAll(/"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?\d{16,}(?![\d.eE]|\s*:)/g, (token) => {
    const isExact = token.startsWith('"') || Number.isSafeInteger(Number(token));
    return isExact ? token : `"${mark}${token}"`;
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value === 'string' && value.startsWith(mark)) return BigInt(value.slice(mark.length));
    return isObject(value) && !Array.isArray(value) ? fullForm(value) : value;
  });
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The digits of a number that JSON.stringify rejects, or writes in a form that reads back as a different value. */
function digitsOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return String(value);
  if (Object.is(value, -0)) return '-0';
  // A float this large looks like an integer unless it has a decimal point.
  const isWhole = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isWhole && !String(value).includes('e') ? `${String(value)}.0` : undefined;
}

function plainForm(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return { $float: String(value) };
  if (!isObject(value) || Array.isArray(value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>);
  if (value instanceof Map) return { $map: [...value] };
  if (value instanceof Set) return { $set: [...value] };
  const [key, item] = onlyEntry(value);
  return key.startsWith('$') ? { [`$${key}`]: item } : value;
}

function fullForm(value: object): unknown {
  const [key, item] = onlyEntry(value);
  if (key === '$bytes' && typeof item === 'string') return fromBase64(item);
  if (key === '$float' && ['NaN', 'Infinity', '-Infinity'].includes(item as string)) return Number(item);
  if (key === '$map' && Array.isArray(item)) return new Map(item as [unknown, unknown][]);
  if (key === '$set' && Array.isArray(item)) return new Set(item);
  return key.startsWith('$$') ? { [key.slice(1)]: item } : value;
}

/**
 * The bytes of a text in base64, with or without padding. `Buffer.from` skips what it does not understand, and would return
 * other bytes.
 *
 * @throws SyntaxError
 */
function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  const digits = text.replace(/={1,2}$/, '');
  const isPadded = digits.length === text.length || text.length % 4 === 0;
  if (isPadded && bytes.toString('base64').replace(/=+$/, '') === digits) return new Uint8Array(bytes);
  const shownText = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}\u2026` : text);
  throw new SyntaxError(`{"$bytes": ${shownText}} is not base64`);
}

/** The entry of an object that has exactly one. */
function onlyEntry(value: object): readonly [key: string, item: unknown] {
  const [first, second] = Object.entries(value);
  return first === undefined || second !== undefined ? ['', undefined] : first;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
