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
