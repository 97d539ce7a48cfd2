import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import type { Command, CommandIo, OptionSpec } from '../command.ts';
import { importInterface } from '../import-interface.ts';
import { readArguments } from '../read-arguments.ts';

const options = {
  interface: { type: 'string', value: 'name', help: 'Interface to use, if the module exports several' },
  out: { type: 'string', value: 'file', help: 'Write to a new file instead of standard output' },
  force: { type: 'boolean', help: 'Replace an existing file' },
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'stub', usage: 'fidius stub <module> [options]' };

/** `fidius stub`: the Python module that an author starts from, for an interface of a TypeScript or JavaScript module. */
export const stub: Command = {
  ...about,
  summary: 'Write a Python module as a starting point for a plugin',
  options,
  examples: [
    'fidius stub greeter-interface.ts --out my-greeter/my_greeter.py',
    'fidius stub interfaces.js --interface Greeter',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['module']);
    const [path = ''] = positionals;
    const { createPythonStub } = await import('../../contract/python-stub/create-python-stub.ts');

    const { definition } = await importInterface(path, io.cwd, {
      name: given.interface,
      howToChoose: 'Choose one with --interface.',
    });
    const text = createPythonStub(definition);
    if (given.out === undefined || given.out === '-') io.stdout.write(text);
    else write(resolve(io.cwd, given.out), text, definition, given.force === true, io);
    return 0;
  },
};

/** Never over a file that is there, unless asked to: it is where the author writes the plugin. */
function write(file: string, text: string, definition: Interface, force: boolean, io: CommandIo): void {
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = exists ? 'it already exists' : messageOf(error);
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${file}: ${reason}`, {
      cause: error,
      ...(exists ? { hint: 'Choose another file, or replace it with --force.' } : {}),
    });
  }
  const count = definition.methods.length;
  io.stdout.write(`Wrote ${file}: ${definition.name} with ${count} ${count === 1 ? 'method' : 'methods'}\n`);
}
