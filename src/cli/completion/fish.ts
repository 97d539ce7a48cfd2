import type { CommandWords, Vocabulary, Word } from './vocabulary.ts';

/** For fish, which completes file names itself beside what this offers. */
export function fishCompletion({ first, groups, commands }: Vocabulary): string {
  const lines = [
    '# Completion of fidius for fish. In ~/.config/fish/config.fish: fidius completion fish | source',
    '',
    '# Whether these words are all that stands behind the name of the program, or the first of it.',
    'function __fidius_only',
    '    test "$(commandline -opc)[2..]" = "$argv"',
    'end',
    'function __fidius_after',
    '    set -l words (commandline -opc)[2..]',
    '    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"',
    'end',
    '',
    ...first.map((word) => offer('__fidius_only', word)),
    ...groups.flatMap(({ name, words }) => words.map((word) => offer(`__fidius_only ${name}`, word))),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, options, choices, words }: CommandWords): string[] {
  return [
    ...words.map((text) => offer(`__fidius_only ${name}`, { text, summary: '' })),
    ...options.map((option) => {
      const values = choices[option.text];
      const follow = values === undefined ? (option.takesValue === true ? ' -r' : '') : ` -x -a '${values.join(' ')}'`;
      return `${offer(`__fidius_after ${name}`, option)}${follow}`;
    }),
  ];
}

/** An option is completed once its dashes are there, any other word instead of a file. */
function offer(condition: string, { text, summary }: Word): string {
  const word = text.startsWith('--') ? `-l ${text.slice(2)}` : `-f -a ${text}`;
  return `complete -c fidius -n '${condition}' ${word}${summary === '' ? '' : ` -d ${quoted(summary)}`}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
