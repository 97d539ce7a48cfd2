import type { Vocabulary, Word } from './vocabulary.ts';

/** For zsh; completes file names where there is nothing else to offer. */
export function zshCompletion({ first, groups, commands }: Vocabulary): string {
  return `#compdef fidius
# Completion of fidius for zsh. In ~/.zshrc, after compinit: eval "$(fidius completion zsh)"
_fidius() {
  local command=$words[2] previous=$words[CURRENT-1]
  local -i at=3
  local -a found
  if ((CURRENT == 2)); then
    found=(${list(first)})
  fi
  case $command in
${groups
  .map(
    ({ name, words }) => `    ${name})
      if ((CURRENT == 3)); then found=(${list(words)}); fi
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
${commands.map(commandCase).join('')}        esac
        ;;
    esac
  fi
  if (($#found)); then _describe fidius found; else _files; fi
}
compdef _fidius fidius
`;
}

function commandCase({ name, options, words }: Vocabulary['commands'][number]): string {
  const atFirst = words.length === 0 ? '' : `\n            if ((CURRENT == at)); then found=(${words.join(' ')}); fi`;
  return `          '${name}')${atFirst}
            if [[ $PREFIX == -* ]]; then found=(${list(options)}); fi
            ;;
`;
}

/** A colon parts a word from its summary, a quote ends the text. */
function list(words: readonly Word[]): string {
  return words.map(({ text, summary }) => `'${`${text}:${summary}`.replaceAll("'", `'\\''`)}'`).join(' ');
}
