import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HostInterface } from '../../contract/host-interface.ts';
import type { Interface } from '../../contract/interface.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { defineCommand } from '../define-command.ts';
import { importDefinition, importNamedDefinition } from '../import-interface.ts';
import { inFolderOf } from '../output/make-folder.ts';
import { formatCount } from '../output/text.ts';

/** `fidius stub`: writes the Python module that a plugin needs for an interface, or for a host interface, of a TypeScript module. */
export const stub = defineCommand({
  name: 'stub',
  summary: 'Write a Python module for a plugin: the start of one, or the functions of a host',
  arguments: { module: {} },
  options: {
    interface: {
      type: 'string',
      value: 'name',
      help: 'Interface to use, if the module exports several: the same as <module>#<name>',
    },
    out: { type: 'string', value: 'file', help: 'Write to a new file instead of standard output' },
    force: { type: 'boolean', help: 'Replace an existing file' },
  },
  examples: [
    'fidius stub greeter-interface.ts --out my-greeter/my_greeter.py',
    'fidius stub interfaces.ts#Greeter --out my-greeter/my_greeter.py',
    'fidius stub services.ts#Services --out my-greeter/services_host.py',
  ],
  async run({ options, args }, io) {
    const { generatePythonStub } = await import('../../contract/python-stub/create-python-stub.ts');
    const { generateHostStub } = await import('../../contract/python-stub/create-host-stub.ts');
    const { isInterface } = await import('../../contract/interface.ts');
    const { isHostInterface } = await import('../../contract/host-interface.ts');
    const is = (value: unknown): value is Interface | HostInterface => isInterface(value) || isHostInterface(value);

    const { definition } =
      options.interface === undefined
        ? await importNamedDefinition(args.module, io.cwd, is)
        : await importDefinition(args.module, io.cwd, options.interface, is);
    const source = isInterface(definition) ? generatePythonStub(definition) : generateHostStub(definition);
    if (options.out === undefined || options.out === '-') return { text: source };
    const file = resolve(io.cwd, options.out);
    await inFolderOf(file, async () => write(file, source, options.force));
    return { isReport: true, text: writtenText(file, definition) };
  },
});

/** Keeps an existing file by default: it may contain the finished plugin. */
function write(file: string, source: string, force: boolean): void {
  try {
    writeFileSync(file, source, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = exists ? 'it already exists' : messageOf(error);
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${file}: ${reason}`, {
      cause: error,
      ...(exists ? { hint: 'Choose another file, or replace it with --force.' } : {}),
    });
  }
}

function writtenText(file: string, definition: Interface | HostInterface): string {
  const parts =
    'methods' in definition
      ? formatCount(definition.methods.length, 'method')
      : formatCount(definition.functions.length, 'function');
  return `Wrote ${file}: ${definition.name} with ${parts}\n`;
}
