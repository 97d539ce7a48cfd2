import { parse } from 'smol-toml';

/** Where something begins in a text; both counted from 1, columns in UTF-16 units as editors do. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

// Each prefix of a key gets an entry: without a bound, one endless key would cost the square of its length.
const maxKeyDepth = 64;

/**
 * Finds where each key and table of a TOML document is written, by JSON pointer.
 *
 * The parser reports values without their place, and a complaint about a value should name its line. The text must be one
 * that the parser accepted: this scanner only tells keys, strings, brackets and comments apart. Keys inside inline tables
 * are not found; the key that holds the table is.
 */
export function findTomlPositions(toml: string): ReadonlyMap<string, TextPosition> {
  const places = new Map<string, TextPosition>();
  const arrayLengths = new Map<string, number>();
  const text = new TomlText(toml);
  let table: readonly string[] = [];

  for (text.skipBlank(); !text.atEnd; text.skipBlank()) {
    const place = text.place();
    if (text.take('[')) {
      const isArray = text.take('[');
      table = resolveArrays(splitKey(text.takeKey()), arrayLengths, isArray);
      text.skipLine();
      if (isArray) remember(places, table.slice(0, -1), place);
      remember(places, table, place);
    } else {
      const key = splitKey(text.takeKey());
      text.skipValue();
      for (let length = 1; length <= key.length; length += 1) {
        remember(places, [...table, ...key.slice(0, length)], place);
      }
    }
  }
  return places;
}

/** The place of `pointer`, or of the nearest thing around it that is written down. */
export function nearestPosition(places: ReadonlyMap<string, TextPosition>, pointer: string): TextPosition | undefined {
  for (let path = pointer; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    const place = places.get(path);
    if (place !== undefined) return place;
  }
  return undefined;
}

function remember(places: Map<string, TextPosition>, keys: readonly string[], place: TextPosition): void {
  const pointer = toPointer(keys);
  if (!places.has(pointer)) places.set(pointer, place);
}

/** Lets the parser itself undo quotes and escapes: `a."b c"` becomes `['a', 'b c']`. */
function splitKey(key: string): readonly string[] {
  const keys: string[] = [];
  let value: unknown = parse(`${key} = 0`);
  while (typeof value === 'object' && value !== null) {
    const [name, inner] = Object.entries(value)[0] ?? [''];
    keys.push(name);
    value = inner;
  }
  return keys.slice(0, maxKeyDepth);
}

/** `[[a]]` opens the next element of `/a`, and `[a.b]` after it lies in that element: `/a/0/b`. */
function resolveArrays(keys: readonly string[], lengths: Map<string, number>, isArray: boolean): readonly string[] {
  const resolved: string[] = [];
  for (const [index, key] of keys.entries()) {
    resolved.push(key);
    const pointer = toPointer(resolved);
    if (isArray && index === keys.length - 1) lengths.set(pointer, (lengths.get(pointer) ?? 0) + 1);
    const length = lengths.get(pointer);
    if (length !== undefined) resolved.push(String(length - 1));
  }
  return resolved;
}

class TomlText {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
    this.take('\uFEFF');
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  place(): TextPosition {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  skipBlank(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === '#') this.skipLine();
      else if (char === '\n') this.#newLine();
      else if (char === ' ' || char === '\t' || char === '\r') this.#at += 1;
      else return;
    }
  }

  /** Everything up to the `=` or `]` that ends a key, quotes respected. */
  takeKey(): string {
    const start = this.#at;
    while (!this.atEnd && !'=]\n'.includes(this.#text[this.#at] ?? '')) this.#skipStringOrChar();
    return this.#text.slice(start, this.#at);
  }

  skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  /** Leaves the text at the line break after the value; brackets may carry it over many lines. */
  skipValue(): void {
    let depth = 0;
    while (!this.atEnd) {
      const char = this.#text[this.#at];
      if (char === '\n' && depth === 0) return;
      if (char === '\n') this.#newLine();
      else if (char === '#') this.skipLine();
      else {
        if (char === '[' || char === '{') depth += 1;
        if (char === ']' || char === '}') depth -= 1;
        this.#skipStringOrChar();
      }
    }
  }

  #skipStringOrChar(): void {
    const quote = ['"""', "'''", '"', "'"].find((mark) => this.take(mark));
    if (quote === undefined) {
      this.#at += 1;
      return;
    }
    while (!this.atEnd && !this.take(quote)) {
      const escapes = quote.startsWith('"') && this.#text[this.#at] === '\\';
      // A backslash before a line break folds the lines; the break still counts as one.
      if (escapes && this.#text[this.#at + 1] !== '\n') this.#at += 2;
      else if (this.#text[this.#at] === '\n') this.#newLine();
      else this.#at += 1;
    }
    // A multi-line string may end in five quotes, of which the first two belong to it.
    while (quote.length === 3 && this.take(quote.charAt(0)));
  }

  #newLine(): void {
    this.#at += 1;
    this.#line += 1;
    this.#lineStart = this.#at;
  }
}

/** The JSON pointer (RFC 6901) of a path of keys: `['a', 'b/c', 0]` becomes `/a/b~1c/0`. */
export function toPointer(keys: readonly PropertyKey[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
