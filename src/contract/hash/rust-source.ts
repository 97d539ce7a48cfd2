import { type FidiusError, FidiusTypeError } from '../../errors/fidius-error.ts';

/** A piece of Rust source. `word` is an identifier or keyword, with its raw prefix (`r#type`). */
export type RustToken =
  | { readonly kind: 'word' | 'literal' | 'lifetime' | 'punctuation'; readonly text: string }
  | { readonly kind: 'group'; readonly open: '(' | '[' | '{'; readonly content: readonly RustToken[] };

/** More than in any real type, and safe for the stack of JavaScript. */
const deepest = 200;

const closing = { '(': ')', '[': ']', '{': '}' } as const;

const word = /(?:r#)?[\p{XID_Start}_]\p{XID_Continue}*/uy;

// The order matters: a character literal begins like a lifetime, a raw string like a word.
const leaves: readonly (readonly ['literal' | 'lifetime' | 'word' | 'punctuation', RegExp])[] = [
  ['literal', /b?r(#*)".*?"\1/suy],
  ['literal', /[bc]?"(?:[^"\\]|\\.)*"/suy],
  ['literal', /b?'(?:[^'\\]|\\.[^']*)'/suy],
  ['literal', /[0-9][\p{XID_Continue}]*(?:\.[0-9][\p{XID_Continue}]*)?/uy],
  ['lifetime', /'[\p{XID_Start}_]\p{XID_Continue}*/uy],
  ['word', word],
  ['punctuation', /::|->|\.\.\.|[<>&*!=,;:+\-?.#$@%^|/~]/uy],
];

/**
 * Splits the source of one Rust type into tokens, `( … )`, `[ … ]` and `{ … }` collected into groups.
 *
 * `::`, `->` and `...` are single tokens; every other punctuation character is a token, so `>>` and `&&` are two
 * tokens, as in a Rust macro.
 *
 * @throws {@link FidiusError} `FIDIUS_INTERFACE_INVALID` when the text is not valid Rust: an open bracket, an
 *   unexpected character.
 */
export function parseRustTokens(source: string): RustToken[] {
  let at = 0;
  let depth = 0;

  const readUntil = (close: string | undefined, opened: number): RustToken[] => {
    const tokens: RustToken[] = [];
    if (++depth > deepest) throw notRust(source, `it has more than ${deepest} brackets inside each other`);
    for (;;) {
      while (/\s/u.test(source[at] ?? '')) at += 1;
      const next = source[at];
      if (next === close) {
        at += 1;
        depth -= 1;
        return tokens;
      }
      if (next === undefined) throw notRust(source, `the ${source[opened]} at ${opened} is never closed`);
      tokens.push(readToken(next));
    }
  };

  const readToken = (next: string): RustToken => {
    if (next === '(' || next === '[' || next === '{') {
      const opened = at;
      at += 1;
      return { kind: 'group', open: next, content: readUntil(closing[next], opened) };
    }
    for (const [kind, pattern] of leaves) {
      pattern.lastIndex = at;
      const text = pattern.exec(source)?.[0];
      if (text === undefined) continue;
      at += text.length;
      return { kind, text };
    }
    throw notRust(source, `unexpected ${JSON.stringify(next)} at ${at}`);
  };

  const tokens = readUntil(undefined, 0);
  if (tokens.length === 0) throw notRust(source, 'it is empty');
  return tokens;
}

/** True when `text` is a valid name in Rust: an identifier, raw or not, in the normal form the compiler uses. */
export function isRustName(text: string): boolean {
  word.lastIndex = 0;
  return word.exec(text)?.[0] === text && text !== '_' && text === text.normalize('NFC');
}

function notRust(source: string, problem: string): FidiusError {
  return new FidiusTypeError(
    'FIDIUS_INTERFACE_INVALID',
    `Not the source of a Rust type: ${JSON.stringify(source)}, ${problem}`,
    {
      hint: 'Write the type as in the Rust trait, such as "HashMap<String, u32>".',
    },
  );
}

/** The generic arguments that open at `tokens[open]`, which is a `<`, each with the comma that follows it. */
export function readGenerics(
  tokens: readonly RustToken[],
  open: number,
): { readonly list: readonly (readonly RustToken[])[] /** Index of the closing `>`. */; readonly end: number } {
  const list: RustToken[][] = [[]];
  let depth = 1;
  let at = open + 1;
  for (; at < tokens.length; at += 1) {
    const token = tokens[at] as RustToken;
    if (isPunctuation(token, '<')) depth += 1;
    if (isPunctuation(token, '>')) depth -= 1;
    if (depth === 0) break;
    list.at(-1)?.push(token);
    if (depth === 1 && isPunctuation(token, ',')) list.push([]);
  }
  return { list: list.filter((each) => each.length > 0), end: at };
}

export function isPunctuation(token: RustToken | undefined, ...texts: string[]): boolean {
  return token?.kind === 'punctuation' && texts.includes(token.text);
}

/**
 * The item of a stream: the only generic argument of a path whose last segment is `Stream`, whatever precedes it.
 * `undefined` for any other type.
 *
 * The Rust macro recognises a stream by this form alone, and so does the hash.
 */
export function streamItem(tokens: readonly RustToken[]): readonly RustToken[] | undefined {
  let outline = '';
  let list: readonly (readonly RustToken[])[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as RustToken;
    if (token.kind === 'group') return undefined;
    if (token.text === '<') {
      const generics = readGenerics(tokens, at);
      list = generics.list;
      outline += '<>';
      at = generics.end;
    } else {
      outline += token.kind === 'word' && endsInWord.test(outline) ? ` ${token.text}` : token.text;
    }
  }
  const [argument, ...others] = list;
  if (!streamPath.test(outline) || argument === undefined || others.length > 0) return undefined;
  const item = isPunctuation(argument.at(-1), ',') ? argument.slice(0, -1) : argument;
  return isType(item) ? item : undefined;
}

const endsInWord = /\p{XID_Continue}$/u;

// `fidius::Stream<…>`, `Stream::<…>`, `::a::b<…>::Stream<…>`, `<T as Trait>::Stream<…>`, generic arguments left out.
const streamPath = /^(?:<>::|::)?(?:[\p{XID_Continue}#]+(?:::)?(?:<>)?::)*Stream(?:::)?<>$/u;

/** False for other generic arguments: `'a`, `3`, `Item = u8`, `Item: Trait`. */
function isType([first, second]: readonly RustToken[]): boolean {
  if (first === undefined || first.kind === 'lifetime' || first.kind === 'literal') return false;
  return !(first.kind === 'word' && isPunctuation(second, '=', ':'));
}
