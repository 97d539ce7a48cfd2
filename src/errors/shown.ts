// C0, DEL and C1; marks that change the direction of text; separators of lines and paragraphs; halves of surrogate pairs.
const controls = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\p{Cs}]/gu;
const controlsButLayout = /(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\p{Cs}]/gu;

/**
 * Text from outside (a name in a manifest, the path of a file) in a form that can go into a line for people.
 *
 * A terminal obeys control characters: a line break begins a line that looks like one of ours, an escape sequence changes what
 * was printed before, marks of direction change the order of what is read. Each of them is written as its escape.
 */
export function shown(text: string): string {
  return text.replaceAll(controls, escaped);
}

/** The same for text of several lines, such as a whole message, whose line breaks and tabs are meant. */
export function shownLines(text: string): string {
  return text.replaceAll(controlsButLayout, escaped);
}

/** Whether a text holds a character that {@link shown} escapes. */
export function hasControls(text: string): boolean {
  return shown(text) !== text;
}

function escaped(character: string): string {
  if (character === '\n') return String.raw`\n`;
  if (character === '\r') return String.raw`\r`;
  if (character === '\t') return String.raw`\t`;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
