import { join } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { importNamedInterface } from '../import-interface.ts';
import { projectFolder, writeProject } from '../init/new-project.ts';
import { stepsText } from '../init/npm-files.ts';
import { pluginFiles } from '../init/plugin-template.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';

const options = {
  interface: { type: 'string', value: 'module', required: true, help: 'Module that exports the interface' },
  path: { type: 'string', value: 'dir', help: 'Parent folder of the new folder (default: the current folder)' },
  extension: { type: 'string', value: 'ext', help: 'Extension of its archives (default: fid)' },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'init plugin', usage: 'fidius init plugin <name> --interface <module> [options]' };

/** `fidius init plugin`: a package to start from. */
export const initPlugin: Command = {
  ...about,
  summary: 'Create a plugin: a package for an interface, in Python',
  options,
  examples: [
    'fidius init plugin my-greeter --interface greeter/greeter.ts',
    'fidius init plugin my-greeter --interface interfaces.ts#Greeter --path app/plugins',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['name']);
    const [name = ''] = positionals;
    const folder = projectFolder(name, given.path, io.cwd);
    const { definition } = await importNamedInterface(given.interface, io.cwd);
    const files = await pluginFiles(name, definition, given.extension);
    writeProject(folder, files);
    const shown = join(given.path ?? '', name);
    io.stdout.write(
      given.json === true
        ? toJson({ path: folder, files: Object.keys(files) })
        : `Created plugin: ${shown}\n${stepsText([`write its methods in ${join(shown, Object.keys(files).at(-1) ?? '')}`])}`,
    );
    return 0;
  },
};
