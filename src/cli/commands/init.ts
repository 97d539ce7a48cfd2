import { join } from 'node:path';
import type { CommandIo } from '../command-io.ts';
import { type CommandResult, defineCommand } from '../define-command.ts';
import { importNamedInterface } from '../import-interface.ts';
import {
  installSteps,
  type ProjectFiles,
  projectFolder,
  stepsText,
  toInterfaceName,
  writeProject,
} from '../init/project.ts';
import { hostFiles, interfaceFiles, pluginFiles } from '../init/templates.ts';
import type { OptionDefinitions } from '../parse-arguments.ts';

const folderOptions = {
  path: { type: 'string', value: 'dir', help: 'Parent folder of the new folder (default: the current folder)' },
} as const satisfies OptionDefinitions;

const moduleOptions = {
  interface: { type: 'string', value: 'module', required: true, help: 'Module that exports the interface' },
} as const satisfies OptionDefinitions;

/** `fidius init interface`: creates a new interface. */
export const initInterface = defineCommand({
  name: 'init interface',
  summary: 'Create an interface that hosts call and plugins implement, in TypeScript',
  arguments: { name: {} },
  options: {
    interface: {
      type: 'string',
      value: 'name',
      help: 'Name of the interface (default: derived from the name of the folder)',
    },
    ...folderOptions,
  },
  json: true,
  examples: ['fidius init interface greeter', 'fidius init interface greeter --interface Greeting --path packages'],
  async run({ options, args: { name } }, io) {
    const place = placeOf(name, options.path, io);
    const interfaceName = options.interface ?? toInterfaceName(name);
    const { defineInterface } = await import('../../contract/interface.ts');
    // Rejects an invalid name of an interface.
    defineInterface(interfaceName, { version: 1, methods: {} });

    return create('interface', place, interfaceFiles(name, interfaceName), [
      ...installSteps(place.folder),
      `npx fidius init plugin <name> --interface ${join(place.shown, `${name}.ts`)}`,
    ]);
  },
});

/** `fidius init plugin`: creates a new package. */
export const initPlugin = defineCommand({
  name: 'init plugin',
  summary: 'Create a plugin: a package for an interface, in Python',
  arguments: { name: {} },
  options: {
    ...moduleOptions,
    ...folderOptions,
    extension: { type: 'string', value: 'ext', help: 'Extension of its archives (default: fid)' },
  },
  json: true,
  examples: [
    'fidius init plugin my-greeter --interface greeter/greeter.ts',
    'fidius init plugin my-greeter --interface interfaces.ts#Greeter --path app/plugins',
  ],
  async run({ options, args: { name } }, io) {
    const place = placeOf(name, options.path, io);
    const { definition } = await importNamedInterface(options.interface, io.cwd);
    const files = await pluginFiles(name, definition, options.extension);
    const module = Object.keys(files).at(-1) ?? '';
    return create('plugin', place, files, [`write its methods in ${join(place.shown, module)}`]);
  },
});

/** `fidius init host`: creates a new program. */
export const initHost = defineCommand({
  name: 'init host',
  summary: 'Create a host: a program that loads plugins, in TypeScript',
  arguments: { name: {} },
  options: { ...moduleOptions, ...folderOptions },
  json: true,
  examples: [
    'fidius init host app --interface greeter/greeter.ts',
    'fidius init host app --interface interfaces.ts#Greeter',
  ],
  async run({ options, args: { name } }, io) {
    const place = placeOf(name, options.path, io);
    const imported = await importNamedInterface(options.interface, io.cwd);
    return create('host', place, hostFiles(name, place.folder, imported), [
      ...installSteps(place.folder),
      `npx fidius init plugin <name> --path ${join(place.shown, 'plugins')} --interface ${options.interface}`,
      `npx tsx ${join(place.shown, 'host.ts')}`,
    ]);
  },
});

/** The new folder: as an absolute path, and as it can be typed in the current folder. */
interface Place {
  readonly folder: string;
  readonly shown: string;
}

function placeOf(name: string, parent: string | undefined, { cwd }: CommandIo): Place {
  return { folder: projectFolder(name, parent, cwd), shown: join(parent ?? '', name) };
}

async function create(
  kind: string,
  { folder, shown }: Place,
  files: ProjectFiles,
  steps: readonly string[],
): Promise<CommandResult> {
  await writeProject(folder, files);
  return {
    record: { path: folder, files: Object.keys(files) },
    isReport: true,
    text: `Created ${kind}: ${shown}\n${stepsText(steps)}`,
  };
}
