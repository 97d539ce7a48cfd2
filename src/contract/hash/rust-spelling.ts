import { RustLines } from './rust-lines.ts';
import { isPunctuation, parseRustTokens, type RustToken, readGenerics } from './rust-source.ts';

/**
 * The spellings of a type in a signature. Two printers exist, and their texts have different hashes:
 *
 * - `compiler`: the output of the compiler in the Rust macro. Hosts have this hash.
 * - `standalone`: the output outside the compiler, for example of the `fidius python-stub` command of the
 *   Rust tool. The two differ where a comma, a semicolon or a parenthesis follows a name.
 */
export type Spelling = 'compiler' | 'standalone';

/** Prints the source of a Rust type as in the interface hash: `Vec<u8>` becomes `Vec < u8 >`. */
export function spellRustType(source: string, spelling: Spelling): string {
  return printTokens(parseRustTokens(source), spelling);
}

/** The same for tokens. */
export function printTokens(tokens: readonly RustToken[], spelling: Spelling): string {
  return spelling === 'standalone' ? printStandalone(tokens) : printInCompiler(tokens);
}

function printStandalone(tokens: readonly RustToken[]): string {
  return lifetimesFirst(tokens)
    .map((token) => {
      if (token.kind !== 'group') return token.text;
      const content = printStandalone(token.content);
      if (token.open === '(') return `(${content})`;
      if (token.open === '[') return `[${content}]`;
      return content === '' ? '{}' : `{ ${content} }`;
    })
    .join(' ');
}

function printInCompiler(tokens: readonly RustToken[]): string {
  const lines = new RustLines();
  layOut(lines, tokens);
  return lines.finish();
}

function layOut(lines: RustLines, tokens: readonly RustToken[]): void {
  const ordered = lifetimesFirst(tokens);
  let generics = 0;
  for (const [index, token] of ordered.entries()) {
    const previous = ordered[index - 1];
    if (spaceInCompiler(ordered[index - 2], previous, token, generics > 0)) lines.space();
    if (isPunctuation(token, '<')) generics += 1;
    if (isPunctuation(token, '>')) generics -= 1;
    if (token.kind === 'group') layOutGroup(lines, token);
    else lines.text(token.text);
  }
}

function layOutGroup(lines: RustLines, { open, content }: RustToken & { kind: 'group' }): void {
  const isBlock = open === '{';
  if (isBlock) lines.beginGroup(4, true);
  lines.text(open);
  if (isBlock && content.length > 0) lines.space();
  lines.beginGroup();
  layOut(lines, content);
  lines.endGroup();
  if (isBlock && content.length > 0) lines.space(-4);
  lines.text(closing[open]);
  if (isBlock) lines.endGroup();
}

const closing = { '(': ')', '[': ']', '{': '}' } as const;

/** Where rustc puts a space: between any two tokens, with some exceptions. `space_between` in `rustc_ast_pretty`. */
function spaceInCompiler(
  beforeLast: RustToken | undefined,
  last: RustToken | undefined,
  next: RustToken,
  inGenerics: boolean,
): boolean {
  if (last === undefined) return false;
  const afterPunctuation = last.kind === 'punctuation';
  if (isPunctuation(next, ',', ';', '.')) return afterPunctuation;
  if (isPunctuation(last, '.') && next.kind !== 'punctuation') return false;
  if (isPunctuation(next, '!') && last.kind === 'word') return reservedWords.has(last.text);
  if (next.kind === 'group' && next.open === '(' && last.kind === 'word') return parenthesisStandsApart(last.text);
  // A literal that is a generic argument has its minus in it; anywhere else the minus is an operator: Foo<-1>, [u8; -
  // 1].
  if (isPunctuation(last, '-') && next.kind === 'literal')
    return !(inGenerics && isPunctuation(beforeLast, '<', ',', '='));
  return true;
}

function parenthesisStandsApart(word: string): boolean {
  return reservedWords.has(word) && !['fn', 'Self', 'pub'].includes(word);
}

// Of Rust 2021.
const reservedWords = new Set(
  (
    'abstract as async await become box break const continue crate do dyn else enum extern false final fn for if impl ' +
    'in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true try ' +
    'type typeof unsafe unsized use virtual where while yield'
  ).split(' '),
);

/**
 * Moves lifetimes to the front of each list of generic arguments, as `syn` prints them (`ToTokens` of
 * `AngleBracketedGenericArguments`): an argument keeps the comma after it, so the list may end with a comma.
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
