import { join, resolve } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { importNamedInterface, splitModule } from '../import-interface.ts';
import { hostFiles } from '../init/host-template.ts';
import { projectFolder, writeProject } from '../init/new-project.ts';
import { installSteps, stepsText } from '../init/npm-files.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';

const options = {
  interface: { type: 'string', value: 'module', required: true, help: 'Module that exports the interface' },
  path: { type: 'string', value: 'dir', help: 'Parent folder of the new folder (default: the current folder)' },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'init host', usage: 'fidius init host <name> --interface <module> [options]' };

/** `fidius init host`: a program to start from. */
export const initHost: Command = {
  ...about,
  summary: 'Create a host: a program that loads plugins, in TypeScript',
  options,
  examples: [
    'fidius init host app --interface greeter/greeter.ts',
    'fidius init host app --interface interfaces.ts#Greeter',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['name']);
    const [name = ''] = positionals;
    const folder = projectFolder(name, given.path, io.cwd);

    const { definition, exportName } = await importNamedInterface(given.interface, io.cwd);
    const module = resolve(io.cwd, splitModule(given.interface).path);
    const files = hostFiles(name, folder, { definition, module, exportName });
    writeProject(folder, files);
    const shown = join(given.path ?? '', name);
    const plugins = join(shown, 'plugins');
    const steps = stepsText([
      ...installSteps(folder),
      `npx fidius init plugin <name> --path ${plugins} --interface ${given.interface}`,
      `npx tsx ${join(shown, 'host.ts')}`,
    ]);
    io.stdout.write(
      given.json === true ? toJson({ path: folder, files: Object.keys(files) }) : `Created host: ${shown}\n${steps}`,
    );
    return 0;
  },
};
