/** Replaces text by as many spaces. Line ends stay, so that line numbers stay right. */
export function blank(text: string): string {
  return text.replaceAll(/[^\r\n]/g, ' ');
}

/** The given ranges of a text, in order; everything else is blanked. */
export function keepRanges(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  let result = '';
  let position = 0;
  for (const [start, end] of ranges) {
    result += blank(text.slice(position, start)) + text.slice(start, end);
    position = end;
  }
  return result + blank(text.slice(position));
}

/** Blanks code in backticks, which is not prose. */
export function blankInlineCode(text: string): string {
  return text.replaceAll(/(`+)(?:[^`\n]|\n(?![ \t]*\n))+\1/g, blank);
}
