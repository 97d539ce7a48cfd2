import { join } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { interfaceFiles } from '../init/interface-template.ts';
import { projectFolder, toInterfaceName, writeProject } from '../init/new-project.ts';
import { installSteps, stepsText } from '../init/npm-files.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';

const options = {
  interface: {
    type: 'string',
    value: 'name',
    help: 'Name of the interface (default: derived from the name of the folder)',
  },
  path: { type: 'string', value: 'dir', help: 'Parent folder of the new folder (default: the current folder)' },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'init interface', usage: 'fidius init interface <name> [options]' };

/** `fidius init interface`: an interface to start from. */
export const initInterface: Command = {
  ...about,
  summary: 'Create an interface that hosts call and plugins implement, in TypeScript',
  options,
  examples: ['fidius init interface greeter', 'fidius init interface greeter --interface Greeting --path packages'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['name']);
    const [name = ''] = positionals;
    const folder = projectFolder(name, given.path, io.cwd);
    const interfaceName = given.interface ?? toInterfaceName(name);
    const { defineInterface } = await import('../../contract/interface.ts');
    // Refuses what can be no name of an interface.
    defineInterface(interfaceName, { version: 1, methods: {} });

    const files = interfaceFiles(name, interfaceName);
    writeProject(folder, files);
    const shown = join(given.path ?? '', name);
    io.stdout.write(
      given.json === true
        ? toJson({ path: folder, files: Object.keys(files) })
        : `Created interface: ${shown}\n${stepsText([
            ...installSteps(folder),
            `npx fidius init plugin <name> --interface ${join(shown, `${name}.ts`)}`,
          ])}`,
    );
    return 0;
  },
};
