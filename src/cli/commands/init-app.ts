import { basename, join } from 'node:path';
import { defineCommand } from '../define-command.ts';
import { appFiles } from '../init/app-template.ts';
import { projectFolder, stepsText, toPackageName, writeIntoFolder, writeProject } from '../init/project.ts';
import { UsageError } from '../parse-arguments.ts';

/** `fidius init app`: creates a host, an interface and a plugin that work together. */
export const initApp = defineCommand({
  name: 'init app',
  summary: 'Create a project with a host, an interface and a first plugin, and tests for both sides',
  arguments: { name: { optional: true } },
  options: {
    path: { type: 'string', value: 'dir', help: 'Parent folder of the new folder (default: the current folder)' },
  },
  json: true,
  examples: ['fidius init app my-app', 'fidius init app my-app --path projects', 'fidius init app'],
  async run({ options: { path }, args: { name } }, { cwd }) {
    if (name === undefined && path !== undefined) {
      throw new UsageError('--path needs the name of the new folder', 'Write `fidius init app <name> --path <dir>`.');
    }
    const folder = name === undefined ? cwd : projectFolder(name, path, cwd);
    const files = await appFiles(name ?? toPackageName(basename(cwd)));
    if (name === undefined) await writeIntoFolder(folder, files);
    else await writeProject(folder, files);

    const shown = name === undefined ? '.' : join(path ?? '', name);
    const steps = [...(name === undefined ? [] : [`cd ${shown}`]), 'npm install', 'npm start', 'npm test'];
    return {
      record: { path: folder, files: Object.keys(files) },
      text: `Created app: ${shown}\n${stepsText(steps)}`,
    };
  },
});
