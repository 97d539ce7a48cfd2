import { isPunctuation, readGenerics } from './rust-generics.ts';
import { parseRustTokens, type RustToken } from './rust-source.ts';

/**
 * How a type is written inside a signature. Two printers exist, and their texts hash differently:
 *
 * - `compiler`: what the Rust macro gets when it asks the compiler. Hosts hold this one.
 * - `standalone`: what a Rust program gets outside the compiler, for instance the `fidius python-stub` command of the
 *   Rust tool. The two differ where a comma, a semicolon or a parenthesis follows a name.
 */
export type Spelling = 'compiler' | 'standalone';

/** Prints the source of a Rust type the way the interface hash wants it: `Vec<u8>` becomes `Vec < u8 >`. */
export function spellRustType(source: string, spelling: Spelling): string {
  return printTokens(parseRustTokens(source), spelling);
}

/** The same for tokens at hand. */
export function printTokens(tokens: readonly RustToken[], spelling: Spelling): string {
  const ordered = lifetimesFirst(tokens);
  let text = '';
  for (const [index, token] of ordered.entries()) {
    const previous = ordered[index - 1];
    const apart = spelling === 'standalone' || spaceInCompiler(ordered[index - 2], previous, token);
    text += (previous !== undefined && apart ? ' ' : '') + printToken(token, spelling);
  }
  return text;
}

function printToken(token: RustToken, spelling: Spelling): string {
  if (token.kind !== 'group') return token.text;
  const content = printTokens(token.content, spelling);
  if (token.open === '(') return `(${content})`;
  if (token.open === '[') return `[${content}]`;
  return content === '' ? '{}' : `{ ${content} }`;
}

/** Where rustc puts a space: between any two tokens, but for three exceptions. Found by asking it for 86 types. */
function spaceInCompiler(beforeLast: RustToken | undefined, last: RustToken | undefined, next: RustToken): boolean {
  if (last === undefined) return false;
  const afterPunctuation = last.kind === 'punctuation';
  if (isPunctuation(next, ',', ';', '.')) return afterPunctuation;
  if (next.kind === 'group' && next.open === '(' && last.kind === 'word') return parenthesisStandsApart.has(last.text);
  // A minus that negates is part of the literal: Foo<-1>, but N - 1.
  if (isPunctuation(last, '-') && next.kind === 'literal') {
    return !(beforeLast === undefined || beforeLast.kind === 'punctuation');
  }
  return true;
}

// Reserved words of Rust 2021 without `fn`, `Self` and `pub`, after which rustc prints `(` as after a name.
const parenthesisStandsApart = new Set(
  (
    'abstract as async await become box break const continue crate do dyn else enum extern false final for if impl in ' +
    'let loop macro match mod move mut override priv ref return self static struct super trait true try type typeof ' +
    'unsafe unsized use virtual where while yield'
  ).split(' '),
);

/**
 * Moves lifetimes to the front of each list of generic arguments, as `syn` prints them (`ToTokens` of
 * `AngleBracketedGenericArguments`): an argument keeps the comma after it, so one may come to stand at the end.
 */
function lifetimesFirst(tokens: readonly RustToken[]): readonly RustToken[] {
  if (!tokens.some((token) => token.kind === 'lifetime')) return tokens;
  const result: RustToken[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as RustToken;
    result.push(token);
    if (!isPunctuation(token, '<')) continue;
    const { list, end } = readGenerics(tokens, at);
    result.push(...reorder(list));
    at = end - 1;
  }
  return result;
}

function reorder(list: readonly (readonly RustToken[])[]): RustToken[] {
  const isLifetime = (argument: readonly RustToken[]) =>
    argument[0]?.kind === 'lifetime' && argument.every((token, index) => index === 0 || isPunctuation(token, ','));
  const result = list.filter(isLifetime).flat();
  for (const argument of list.filter((each) => !isLifetime(each))) {
    if (result.length > 0 && !isPunctuation(result.at(-1), ',')) result.push({ kind: 'punctuation', text: ',' });
    result.push(...lifetimesFirst(argument));
  }
  return result;
}
