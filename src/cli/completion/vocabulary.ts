import type { Command, OptionSpec } from '../command.ts';
import { helpOption, versionOption } from '../help.ts';

/** A word that can be typed next, and what it does. */
export interface Word {
  readonly text: string;
  readonly summary: string;
  /** Whether another word belongs to it. */
  readonly takesValue?: boolean;
}

/** What can be typed after a command, from the moment its name stands there. */
export interface CommandWords {
  /** One word, or a group and one word. */
  readonly name: string;
  readonly options: readonly Word[];
  /** Values of options that have only a few, by option. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** What the first argument can be, where that is known. */
  readonly words: readonly string[];
}

/** All that a shell has to know to complete a command line. What is not in here is a file. */
export interface Vocabulary {
  /** Commands of one word, groups, and the options of the program. */
  readonly first: readonly Word[];
  readonly groups: readonly { readonly name: string; readonly words: readonly Word[] }[];
  readonly commands: readonly CommandWords[];
}

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
    commands: commands.map(({ name, options = {}, words = [] }) => ({
      name,
      options: optionWords({ ...options, help: helpOption }),
      choices: choicesOf(options),
      words,
    })),
  };
}

function isGrouped(words: readonly string[]): words is [string, string] {
  return words.length === 2;
}

function secondWord({ name, summary }: Command): Word {
  return { text: name.slice(name.indexOf(' ') + 1), summary };
}

function optionWords(options: Readonly<Record<string, OptionSpec>>): Word[] {
  return Object.entries(options).flatMap(([name, { help, type }]) =>
    help === undefined ? [] : [{ text: `--${name}`, summary: help, takesValue: type === 'string' }],
  );
}

function choicesOf(options: Readonly<Record<string, OptionSpec>>): Record<string, readonly string[]> {
  const entries = Object.entries(options).flatMap(([name, { choices }]) =>
    choices === undefined ? [] : [[`--${name}`, choices] as const],
  );
  return Object.fromEntries(entries);
}
