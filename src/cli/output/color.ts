// Node.js before 20.12 lacks `styleText`: a named import would fail before the version is checked.
import util from 'node:util';
import type { ColorChoice } from '../global-options.ts';

type Style = Parameters<typeof util.styleText>[0];

/**
 * Whether text for a stream gets colors.
 *
 * `--color` decides first, then `NO_COLOR`, then `FORCE_COLOR`, as with uv; then whether the stream is a terminal that can show
 * them. An empty variable counts as missing.
 */
export function usesColor(choice: ColorChoice, env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR']) return false;
  const force = env['FORCE_COLOR'];
  if (force) return force !== '0' && force !== 'false';
  return isTty && env['TERM'] !== 'dumb';
}

const messageStyles: Readonly<Record<string, Style>> = {
  error: ['bold', 'red'],
  warning: ['bold', 'yellow'],
  note: ['bold', 'blue'],
  hint: ['bold', 'cyan'],
};

/** Colors the words that start the lines of messages, such as `error:`. */
export function paintMessages(text: string): string {
  return text.replaceAll(/^(error|warning|note|hint):/gm, (label, kind: string) =>
    paint(messageStyles[kind] ?? 'bold', label),
  );
}

/** Colors the headings of a help text, and the names of commands and options in it. */
export function paintHelp(text: string): string {
  return text
    .replaceAll(/^(?:Usage|[A-Z][a-z]+(?: [a-z]+)?):/gm, (heading) => paint(['bold', 'green'], heading))
    .replaceAll(/^ {2}(?!fidius )(\S+(?: \S+)*)/gm, (_row, name: string) => `  ${paint(['bold', 'cyan'], name)}`);
}

function paint(style: Style, text: string): string {
  // Whether the stream can show colors was decided before: see usesColor().
  return util.styleText(style, text, { validateStream: false });
}
