import type { RustToken } from './rust-source.ts';

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
