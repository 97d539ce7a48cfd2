import type { Command } from '../command.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { createVocabulary, type Vocabulary } from '../completion/vocabulary.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { readArguments } from '../read-arguments.ts';
import { UsageError } from '../usage-error.ts';

const about = { name: 'completion', usage: 'fidius completion <shell>' };

const shells: Readonly<Record<string, (vocabulary: Vocabulary) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * `fidius completion`: has a shell complete the rest of the command line.
 *
 * @param loadAll loads every command, this one included.
 */
export const createCompletion = (loadAll: () => Promise<readonly Command[]>): Command => ({
  ...about,
  summary: 'Print a completion script for bash, zsh or fish',
  words: Object.keys(shells),
  examples: ['fidius completion bash', 'fidius completion fish'],
  async run(argv, io) {
    const [shell = ''] = readArguments(about, argv, {}, ['shell']).positionals;
    const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
    if (write === undefined) {
      throw new UsageError(
        `fidius completion does not support ${shell}`,
        `Use one of ${Object.keys(shells).join(', ')}.`,
      );
    }
    io.stdout.write(write(createVocabulary(await loadAll())));
    return 0;
  },
});
