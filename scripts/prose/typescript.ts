import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';
import { blank, blankInlineCode, keepRanges } from './blank.ts';

interface Token {
  readonly kind: SyntaxKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const comments: readonly SyntaxKind[] = [SyntaxKind.SingleLineCommentTrivia, SyntaxKind.MultiLineCommentTrivia];
const strings: readonly SyntaxKind[] = [
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
];

/** After one of these a slash divides; after anything else it begins a regular expression. */
const operandEnds: readonly SyntaxKind[] = [
  ...strings,
  SyntaxKind.Identifier,
  SyntaxKind.PrivateIdentifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.SuperKeyword,
  SyntaxKind.TrueKeyword,
  SyntaxKind.FalseKeyword,
  SyntaxKind.NullKeyword,
];

/** The comments of a TypeScript file. */
export function typescriptComments(source: string): string {
  const ranges = readTokens(source)
    .filter(({ kind }) => comments.includes(kind))
    .map(({ kind, start, end }) => {
      return [start + 2, kind === SyntaxKind.MultiLineCommentTrivia ? end - 2 : end] as const;
    });
  // The asterisks that begin the lines of a comment, and the second one of `/**`.
  return blankInlineCode(keepRanges(source, ranges).replaceAll(/^[ \t]*\*+/gm, blank));
}

/** The string literals of a TypeScript file. */
export function typescriptStrings(source: string): string {
  const ranges = readTokens(source)
    .filter(({ kind }) => strings.includes(kind))
    .map(({ start, end }) => [start + 1, end - 1] as const);
  return keepRanges(source, ranges);
}

/** The titles of the tests and groups of a test file. */
export function testTitles(source: string): string {
  const tokens = readTokens(source).filter(({ kind }) => !comments.includes(kind));
  const ranges = tokens.flatMap(({ text }, at) => {
    if (!['it', 'test', 'describe'].includes(text) || tokens[at - 1]?.kind === SyntaxKind.DotToken) return [];
    const title = findTitle(tokens, at + 1);
    return title === undefined ? [] : [[title.start + 1, title.end - 1] as const];
  });
  return keepRanges(source, ranges);
}

/** The string that an argument list begins with, after any `.each([…])` and the like. */
function findTitle(tokens: readonly Token[], from: number): Token | undefined {
  let at = from;
  for (;;) {
    if (tokens[at]?.kind === SyntaxKind.DotToken) {
      at += 2;
      continue;
    }
    if (tokens[at]?.kind !== SyntaxKind.OpenParenToken) return undefined;
    const first = tokens[at + 1];
    if (first !== undefined && strings.includes(first.kind)) return first;
    let depth = 0;
    do {
      const kind = tokens[at]?.kind;
      if (kind === undefined) return undefined;
      if (kind === SyntaxKind.OpenParenToken) depth += 1;
      if (kind === SyntaxKind.CloseParenToken) depth -= 1;
      at += 1;
    } while (depth > 0);
  }
}

function readTokens(source: string): readonly Token[] {
  const scanner = createScanner(false);
  scanner.setText(source);
  const tokens: Token[] = [];
  // For each open brace, whether a template goes on after it.
  const braces: boolean[] = [];
  let before = SyntaxKind.Unknown;
  for (;;) {
    let kind = scanner.scan();
    if (kind === SyntaxKind.EndOfFile) return tokens;
    if ([SyntaxKind.SlashToken, SyntaxKind.SlashEqualsToken].includes(kind) && !operandEnds.includes(before)) {
      kind = scanner.reScanSlashToken();
    }
    if (kind === SyntaxKind.OpenBraceToken) braces.push(false);
    if (kind === SyntaxKind.CloseBraceToken && braces.pop() === true) kind = scanner.reScanTemplateToken(false);
    if ([SyntaxKind.TemplateHead, SyntaxKind.TemplateMiddle].includes(kind)) braces.push(true);
    if ([SyntaxKind.WhitespaceTrivia, SyntaxKind.NewLineTrivia].includes(kind)) continue;
    tokens.push({ kind, start: scanner.getTokenStart(), end: scanner.getTokenEnd(), text: scanner.getTokenText() });
    if (!comments.includes(kind)) before = kind;
  }
}
