import { type Command, defineCommand } from '../define-command.ts';
import { globalDefinitions } from '../global-options.ts';
import { helpOption, versionOption } from '../help.ts';
import type { OptionDefinitions } from '../parse-arguments.ts';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/**
 * `fidius completion`: prints a script that completes command lines in a shell.
 *
 * @param loadAll loads all commands, including this one.
 */
export const createCompletion = (loadAll: () => Promise<readonly Command[]>): Command =>
  defineCommand({
    name: 'completion',
    summary: 'Print a completion script for bash, zsh or fish',
    arguments: { shell: { choices: ['bash', 'zsh', 'fish'] } },
    examples: ['fidius completion bash', 'fidius completion fish'],
    async run({ args: { shell } }) {
      return { text: scripts[shell](createVocabulary(await loadAll())) };
    },
  });

/** Collects the words of all commands. */
function createVocabulary(commands: readonly Command[]): Vocabulary {
  const groupNames = [
    ...new Set(
      commands
        .map(({ name }) => name.split(' '))
        .filter(isGrouped)
        .map(([group]) => group),
    ),
  ];
  const groups = groupNames.map((name) => ({
    name,
    words: commands.filter((command) => command.name.startsWith(`${name} `)).map(secondWord),
  }));
  const single = commands
    .filter(({ name }) => !name.includes(' '))
    .map(({ name, summary }) => ({ text: name, summary }));
  const together = groups.map(({ name, words }) => ({ text: name, summary: words.map(({ text }) => text).join(', ') }));
  return {
    first: [...together, ...single, ...optionWords({ help: helpOption, version: versionOption, ...globalDefinitions })],
    groups,
    commands: commands.map(({ name, options, arguments: expected }) => ({
      name,
      options: optionWords({ ...options, help: helpOption, ...globalDefinitions }),
      choices: choicesOf({ ...options, ...globalDefinitions }),
      words: Object.values(expected)[0]?.choices ?? [],
    })),
  };
}

function isGrouped(words: readonly string[]): words is [string, string] {
  return words.length === 2;
}

function secondWord({ name, summary }: Command): Word {
  return { text: name.slice(name.indexOf(' ') + 1), summary };
}

function optionWords(options: OptionDefinitions): Word[] {
  return Object.entries(options).flatMap(([name, { help, type }]) =>
    help === undefined ? [] : [{ text: `--${name}`, summary: help, takesValue: type !== 'boolean' }],
  );
}

function choicesOf(options: OptionDefinitions): Record<string, readonly string[]> {
  const entries = Object.entries(options).flatMap(([name, { choices }]) =>
    choices === undefined ? [] : [[`--${name}`, choices] as const],
  );
  return Object.fromEntries(entries);
}

/** A word that can be typed next, and its description. */
interface Word {
  readonly text: string;
  readonly summary: string;
  /** Whether it is an option with a value. */
  readonly takesValue?: boolean;
}

/** The words that can follow the name of a command. */
interface CommandWords {
  /** One word, or a group and one word. */
  readonly name: string;
  readonly options: readonly Word[];
  /** The accepted values of options that have only a few, by option. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** The accepted values of the first argument, if there are only a few. */
  readonly words: readonly string[];
}

/** The words that a shell completes. Any other word is the name of a file. */
interface Vocabulary {
  /** Commands of one word, groups, and the options of the program. */
  readonly first: readonly Word[];
  readonly groups: readonly { readonly name: string; readonly words: readonly Word[] }[];
  readonly commands: readonly CommandWords[];
}

/** For bash, which completes file names if this script offers nothing. */
function bashCompletion({ first, groups, commands }: Vocabulary): string {
  return `# Completion of fidius for bash. In ~/.bashrc: eval "$(fidius completion bash)"
_fidius() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} at=2 words=
  if ((COMP_CWORD == 1)); then
    words='${bashList(first)}'
  fi
  case $command in
${groups
  .map(
    ({ name, words }) => `    ${name})
      if ((COMP_CWORD == 2)); then words='${bashList(words)}'; fi
      command="${name} \${COMP_WORDS[2]}" at=3
      ;;
`,
  )
  .join('')}  esac
  if ((COMP_CWORD >= at)); then
    case "$command $previous" in
${commands
  .flatMap(({ name, choices }) =>
    Object.entries(choices).map(([option, values]) => `      '${name} ${option}') words='${values.join(' ')}' ;;\n`),
  )
  .join('')}      *)
        case $command in
${commands.map(bashCommand).join('')}        esac
        ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _fidius fidius

# npx fidius. A completion of npx that is already there stays.
_fidius_npx() {
  if ((COMP_CWORD < 2)) || [[ \${COMP_WORDS[1]} != fidius ]]; then return; fi
  COMP_WORDS=("\${COMP_WORDS[@]:1}") COMP_CWORD=$((COMP_CWORD - 1))
  _fidius
}
if ! complete -p npx >/dev/null 2>&1; then complete -o default -F _fidius_npx npx; fi
`;
}

function bashCommand({ name, options, words }: CommandWords): string {
  const atFirst =
    words.length === 0 ? '' : `\n            if ((COMP_CWORD == at)); then words='${words.join(' ')}'; fi`;
  return `          '${name}')${atFirst}
            if [[ $current == -* ]]; then words='${bashList(options)}'; fi
            ;;
`;
}

function bashList(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(' ');
}

/** For zsh. The script completes file names if it offers nothing else. */
function zshCompletion({ first, groups, commands }: Vocabulary): string {
  return `#compdef fidius
# Completion of fidius for zsh. In ~/.zshrc, after compinit: eval "$(fidius completion zsh)"
_fidius() {
  local command=$words[2] previous=$words[CURRENT-1]
  local -i at=3
  local -a found
  if ((CURRENT == 2)); then
    found=(${zshList(first)})
  fi
  case $command in
${groups
  .map(
    ({ name, words }) => `    ${name})
      if ((CURRENT == 3)); then found=(${zshList(words)}); fi
      command="${name} $words[3]" at=4
      ;;
`,
  )
  .join('')}  esac
  if ((CURRENT >= at)); then
    case "$command $previous" in
${commands
  .flatMap(({ name, choices }) =>
    Object.entries(choices).map(([option, values]) => `      '${name} ${option}') found=(${values.join(' ')}) ;;\n`),
  )
  .join('')}      *)
        case $command in
${commands.map(zshCommand).join('')}        esac
        ;;
    esac
  fi
  if (($#found)); then _describe fidius found; else _files; fi
}
compdef _fidius fidius

# npx fidius. A completion of npx that is already there stays.
_fidius_npx() {
  if [[ $words[2] != fidius ]] || ((CURRENT < 3)); then _files; return; fi
  shift words
  ((CURRENT--))
  _fidius
}
if ((! \${+_comps[npx]})); then compdef _fidius_npx npx; fi
`;
}

function zshCommand({ name, options, words }: CommandWords): string {
  const atFirst = words.length === 0 ? '' : `\n            if ((CURRENT == at)); then found=(${words.join(' ')}); fi`;
  return `          '${name}')${atFirst}
            if [[ $PREFIX == -* ]]; then found=(${zshList(options)}); fi
            ;;
`;
}

/** A colon separates a word from its summary. A quote would end the text. */
function zshList(words: readonly Word[]): string {
  return words.map(({ text, summary }) => `'${`${text}:${summary}`.replaceAll("'", `'\\''`)}'`).join(' ');
}

const fishStart = 'complete -c fidius ';

/** For fish, which offers file names in addition to the words of this script. */
function fishCompletion({ first, groups, commands }: Vocabulary): string {
  const lines = [
    '# Completion of fidius for fish. In ~/.config/fish/config.fish: fidius completion fish | source',
    '',
    '# The words after the name of the program: fidius, or npx fidius.',
    'function __fidius_words',
    '    set -l words (commandline -opc)',
    '    if test "$words[1]" = npx',
    '        test "$words[2]" = fidius; or return 1',
    '        set -e words[1]',
    '    end',
    '    string join -- \\n $words[2..]',
    '    return 0',
    'end',
    '',
    '# Whether these words are the complete command line after the name of the program, or its first words.',
    'function __fidius_only',
    '    set -l words (__fidius_words); and test "$words" = "$argv"',
    'end',
    'function __fidius_after',
    '    set -l words (__fidius_words); or return 1',
    '    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"',
    'end',
    '',
    ...first.map((word) => fishWord('__fidius_only', word)),
    ...groups.flatMap(({ name, words }) => words.map((word) => fishWord(`__fidius_only ${name}`, word))),
    ...commands.flatMap(fishCommand),
  ].flatMap((line) => (line.startsWith(fishStart) ? [line, line.replace(fishStart, 'complete -c npx ')] : [line]));
  return `${lines.join('\n')}\n`;
}

function fishCommand({ name, options, choices, words }: CommandWords): string[] {
  return [
    ...words.map((text) => fishWord(`__fidius_only ${name}`, { text, summary: '' })),
    ...options.map((option) => {
      const values = choices[option.text];
      const follow = values === undefined ? (option.takesValue === true ? ' -r' : '') : ` -x -a '${values.join(' ')}'`;
      return `${fishWord(`__fidius_after ${name}`, option)}${follow}`;
    }),
  ];
}

/** fish offers an option after its dashes, and any other word instead of a file. */
function fishWord(condition: string, { text, summary }: Word): string {
  const word = text.startsWith('--') ? `-l ${text.slice(2)}` : `-f -a ${text}`;
  return `complete -c fidius -n '${condition}' ${word}${summary === '' ? '' : ` -d ${fishQuoted(summary)}`}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
