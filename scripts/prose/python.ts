import { blankInlineCode, keepRanges } from './blank.ts';

/** Comments; strings with their prefix, triple-quoted ones first; line ends; anything else, one character at a time. */
const token =
  /#[^\n]*|(?<![\w])[rbuf]{0,2}(?:"""(?:\\[\s\S]|[\s\S])*?"""|'''(?:\\[\s\S]|[\s\S])*?'''|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')|[\s\S]/gi;

/** The comments and docstrings of a Python file. A string is a docstring if its statement begins with it. */
export function pythonComments(source: string): string {
  const ranges: [number, number][] = [];
  let depth = 0;
  let atStatementStart = true;
  for (const { 0: text, index } of source.matchAll(token)) {
    if (text.startsWith('#')) ranges.push([index + 1, index + text.length]);
    else if (text === '\n') atStatementStart ||= depth === 0;
    else if (/^\s$/.test(text)) continue;
    else {
      const quote = /^[a-z]{0,2}("""|'''|"|')/i.exec(text);
      if (quote !== null && text.length > 1 && atStatementStart) {
        ranges.push([index + quote[0].length, index + text.length - (quote[1] ?? '').length]);
      }
      if ('([{'.includes(text)) depth += 1;
      if (')]}'.includes(text)) depth -= 1;
      atStatementStart = false;
    }
  }
  return blankInlineCode(keepRanges(source, ranges));
}
