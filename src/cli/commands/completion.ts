import { type Command, defineCommand } from '../define-command.ts';
import { helpOption, versionOption } from '../help.ts';
import type { OptionDefinitions } from '../parse-arguments.ts';
import { bashCompletion, fishCompletion, type Vocabulary, type Word, zshCompletion } from './completion-scripts.ts';

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
export function createVocabulary(commands: readonly Command[]): Vocabulary {
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
    first: [...together, ...single, ...optionWords({ help: helpOption, version: versionOption })],
    groups,
    commands: commands.map(({ name, options, arguments: expected }) => ({
      name,
      options: optionWords({ ...options, help: helpOption }),
      choices: choicesOf(options),
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
