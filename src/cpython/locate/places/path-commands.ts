import { examineInterpreter } from '../examine-interpreter.ts';
import type { Locator } from '../locator.ts';
import { findCommand } from './find-command.ts';

/** What `python3` and `python` mean on the `PATH`. They were not named explicitly, so an unusable one is skipped. */
export const pathCommands: Locator = {
  name: 'PATH',
  binding: false,
  *candidates(search) {
    for (const command of ['python3', 'python']) {
      const path = findCommand(command, search.env);
      if (path !== undefined) yield { looked: path, examine: () => examineInterpreter(path, search) };
    }
  },
  absence: () => 'no python3 and no python there',
};
