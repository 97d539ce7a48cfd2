import { resolve } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { closest } from '../../errors/closest.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { formatHash } from '../../errors/load-error.ts';
import { isPluginError, type PluginError } from '../../errors/plugin-error.ts';
import type { Command, OptionSpec } from '../command.ts';
import { importNamedInterface } from '../import-interface.ts';
import { fromJson, toJson } from '../json.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { readArguments } from '../read-arguments.ts';
import { namesTrust, readTrust, trustOptions } from '../trust-options.ts';
import { UsageError } from '../usage-error.ts';
import { withHints } from '../with-hints.ts';

const options = {
  interface: { type: 'string', value: 'module', help: 'Check package and call against the interface of this module' },
  raw: { type: 'boolean', help: 'Call a raw method: bytes from standard input, bytes to standard output' },
  ...trustOptions,
  ...limitOptions,
  store: {
    type: 'string',
    value: 'dir',
    help: 'Keep archives and signed packages here instead of in the cache directory',
  },
  python: { type: 'string', value: 'path', help: 'Run it with this interpreter or virtual environment' },
  libpython: { type: 'string', value: 'path', help: 'Run it with this shared library' },
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'run', usage: 'fidius run <package> <method> [arguments] [options]' };

/** `fidius run`: loads a package and calls one of its methods. */
export const run: Command = {
  ...about,
  summary: 'Call a method of a package; arguments and result are JSON',
  options,
  examples: [
    `fidius run my-greeter greet '"World"'`,
    `fidius run my-greeter greet '"World"' --interface greeter.ts`,
    'fidius run my-codec reverse --raw < in.bin > out.bin',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['package', 'method', '...arguments?']);
    const [path = '', method = '', ...words] = positionals;
    const imported = given.interface === undefined ? undefined : await importNamedInterface(given.interface, io.cwd);
    const definition = imported?.definition;
    const isRaw = wantsBytes(method, given.raw === true, definition);
    if (isRaw && words.length > 0) {
      throw new UsageError(`${method} is a raw method: it reads standard input and takes no arguments`);
    }
    const args = words.map(readArgument);
    const archiveLimits = readLimits(given);

    const { callPackage } = await import('../../host/package-call.ts');
    const { PackagePolicy } = await import('../../host/package-policy.ts');
    const storeDir = given.store === undefined ? undefined : resolve(io.cwd, given.store);
    const trust = namesTrust(given) ? await readTrust(given, io.cwd) : {};
    try {
      const call = {
        path: resolve(io.cwd, path),
        policy: await PackagePolicy.read('fidius run', { ...trust, storeDir, archiveLimits }),
        method,
        definition,
        input: isRaw ? await io.readStdin() : args,
        start: { python: given.python, libpython: given.libpython },
        onDeclaredHash: (hash: bigint) => io.stderr.write(declaredHashNote(path, hash)),
      };
      const result = await withHints(limitHints, () => callPackage(call));
      io.stdout.write(isRaw ? (result as Uint8Array) : toJson(result));
      return 0;
    } catch (error) {
      if (!isPluginError(error)) throw error;
      io.stderr.write(pluginErrorText(error));
      return 1;
    }
  },
};

/** Whether a call carries bytes: the interface knows; without one, the user has to. */
function wantsBytes(name: string, asked: boolean, definition: Interface | undefined): boolean {
  if (definition === undefined) return asked;
  const method = definition.methods.find((each) => each.name === name);
  if (method === undefined) {
    const names = definition.methods.map((each) => each.name);
    const near = closest(name, names);
    throw new FidiusError(
      'FIDIUS_CLI_METHOD',
      `${definition.name} has no method ${name}; its methods are: ${names.join(', ')}`,
      {
        hint: near === undefined ? undefined : `Call ${near}.`,
      },
    );
  }
  if (asked && !method.wireRaw) {
    throw new UsageError(`${name} is not a raw method of ${definition.name}`, 'Remove --raw.');
  }
  return method.wireRaw;
}

function readArgument(word: string, index: number): unknown {
  try {
    return fromJson(word);
  } catch (error) {
    const reason = messageOf(error);
    const hint = `Write arguments as JSON; quote text for JSON and for the shell: '"World"'.`;
    throw new UsageError(`Argument ${index + 1} is not JSON: ${reason}`, hint);
  }
}

function declaredHashNote(path: string, hash: bigint): string {
  return `note: no interface given, so the interface hash that ${path} declares is used: ${formatHash(hash)}\n`;
}

/** What a plugin raised, with all that its author needs. */
function pluginErrorText({ plugin, method, code, message, details, traceback }: PluginError): string {
  const lines = [
    `error: ${plugin}.${method} raised ${code}: ${message}`,
    ...(details === undefined || details === null ? [] : [`details: ${toJson(details, { indent: 0 }).trimEnd()}`]),
    traceback.trimEnd(),
  ];
  return `${lines.join('\n')}\n`;
}
