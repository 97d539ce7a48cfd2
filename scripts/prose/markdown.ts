import { blank, blankInlineCode } from './blank.ts';

/** The prose of a Markdown page: without code blocks, inline code, HTML comments and the targets of links. */
export function markdownProse(page: string): string {
  const withoutBlocks = page.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, blank).replaceAll(/<!--[\s\S]*?-->/g, blank);
  return blankInlineCode(withoutBlocks).replaceAll(/(?<=\])\([^)\s]*\)/g, blank);
}
