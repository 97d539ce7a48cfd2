import type { Vocabulary, Word } from './vocabulary.ts';

/** For bash, which completes file names itself where this has nothing to offer. */
export function bashCompletion({ first, groups, commands }: Vocabulary): string {
  return `# Completion of fidius for bash. In ~/.bashrc: eval "$(fidius completion bash)"
_fidius() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} at=2 words=
  if ((COMP_CWORD == 1)); then
    words='${list(first)}'
  fi
  case $command in
${groups
  .map(
    ({ name, words }) => `    ${name})
      if ((COMP_CWORD == 2)); then words='${list(words)}'; fi
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
${commands.map(commandCase).join('')}        esac
        ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _fidius fidius
`;
}

function commandCase({ name, options, words }: Vocabulary['commands'][number]): string {
  const atFirst =
    words.length === 0 ? '' : `\n            if ((COMP_CWORD == at)); then words='${words.join(' ')}'; fi`;
  return `          '${name}')${atFirst}
            if [[ $current == -* ]]; then words='${list(options)}'; fi
            ;;
`;
}

function list(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(' ');
}
