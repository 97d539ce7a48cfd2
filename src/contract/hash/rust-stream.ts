import { isPunctuation, readGenerics } from './rust-generics.ts';
import type { RustToken } from './rust-source.ts';

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
