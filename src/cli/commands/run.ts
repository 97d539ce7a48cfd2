import { resolve } from 'node:path';
import type { CallProgress } from '../../contract/client/client-types.ts';
import type { Interface } from '../../contract/interface.ts';
import { closest } from '../../errors/closest.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { formatHash, type LoadPhase } from '../../errors/load-error.ts';
import { isPluginError, type PluginError } from '../../errors/plugin-error.ts';
import { shown } from '../../errors/shown.ts';
import { type CommandIo, clearLine } from '../command-io.ts';
import { defineCommand } from '../define-command.ts';
import { importNamedInterface } from '../import-interface.ts';
import { fromJson, toJson } from '../output/json.ts';
import { note } from '../output/messages.ts';
import { withProgress } from '../output/progress.ts';
import { UsageError } from '../parse-arguments.ts';
import { configOption, readConfig } from '../read-config.ts';
import {
  limitHints,
  limitOptions,
  namesTrust,
  pythonOptions,
  readTrust,
  toLimits,
  trustOptions,
} from '../shared-options.ts';

const timeoutHint = 'Raise --timeout.';

const stepTexts: Readonly<Record<LoadPhase, string>> = {
  discovery: 'finding the package',
  verification: 'verifying',
  start: 'starting Python',
  import: 'importing the module',
};

/** `fidius run`: loads a package and calls one of its methods. */
export const run = defineCommand({
  name: 'run',
  summary: 'Call a method of a package; arguments and result are JSON',
  arguments: { package: {}, method: {}, arguments: { variadic: true, optional: true } },
  options: {
    interface: {
      type: 'string',
      value: 'module',
      help: 'Check package and call against the interface of this module; <module>#<name> selects one of several',
    },
    config: configOption,
    raw: { type: 'boolean', help: 'Call a raw method: bytes from standard input, bytes to standard output' },
    timeout: {
      type: 'number',
      value: 'seconds',
      help: 'Cancel load and call after this time (default: no limit)',
    },
    ...trustOptions,
    ...limitOptions,
    store: {
      type: 'path',
      value: 'dir',
      help: 'Keep archives and signed packages here instead of in the cache directory',
    },
    ...pythonOptions,
    executor: {
      type: 'string',
      value: 'name',
      choices: ['auto', 'thread', 'process'],
      help: 'Where the call runs: thread, in this process; process, in a child process; auto (default), thread where it can',
    },
  },
  hints: { ...limitHints, FIDIUS_CALL_TIMEOUT: timeoutHint, FIDIUS_LOAD_TIMEOUT: timeoutHint },
  examples: [
    `fidius run my-greeter greet '"World"'`,
    `fidius run my-greeter greet '"World"' --interface greeter.ts`,
    `fidius run my-greeter greet '"World"' --interface interfaces.ts#Greeter`,
    'fidius run my-codec reverse --raw < in.bin > out.bin',
  ],
  async run({ options, args: { package: path, method, arguments: words } }, io) {
    const imported =
      options.interface === undefined ? undefined : await importNamedInterface(options.interface, io.cwd);
    const definition = imported?.definition;
    const isRaw = isRawCall(method, options.raw, definition);
    if (isRaw && words.length > 0) {
      throw new UsageError(
        `${method} is a raw method: it reads standard input and takes no arguments`,
        'Pass the bytes on standard input: `… < in.bin`.',
      );
    }
    const args = words.map(readArgument);

    const { runPackage } = await import('../../host/run-package.ts');
    const { PackagePolicy } = await import('../../host/policy/package-policy.ts');
    const trust = namesTrust(options) ? await readTrust(options) : {};
    const policy = { ...trust, storeDir: options.store, archiveLimits: toLimits(options) };
    try {
      const call = {
        path: resolve(io.cwd, path),
        policy: await PackagePolicy.read('fidius run', policy),
        method,
        definition,
        config: await readConfig(options.config, definition, path, io),
        input: isRaw ? await io.readStdin() : args,
        start: { python: options.python, libpython: options.libpython },
        executor: options.executor,
        onOutput: ({ text }: { readonly text: string }) => io.stderr.write(`${text}\n`),
        timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1000,
      };
      const result = await withProgress(io, `Running ${path}`, ({ report, clear, release, signal }) =>
        runPackage({
          ...call,
          signal,
          onDeclaredHash: (hash) => {
            clear();
            note(io, declaredHashNote(path, hash));
          },
          onProgress: ({ phase, done, total }) => report({ step: stepTexts[phase], done, total }),
          onItem: (item) => {
            clear();
            io.stdout.write(toJson(item, { indent: 0 }));
          },
          onCall: () => {
            report({ step: `calling ${method}()` });
            release();
          },
          onCallProgress: (progress) => io.stderr.write(progressText(io, method, progress)),
        }),
      );
      if (definition?.methods.some(({ name, streaming }) => name === method && streaming) === true) return {};
      return { text: isRaw ? (result as Uint8Array) : toJson(result) };
    } catch (error) {
      if (!isPluginError(error)) throw error;
      io.stderr.write(pluginErrorText(error));
      return { exitCode: 1 };
    }
  },
});

/** A report of the method on its progress: a bar that replaces the last one on a terminal, otherwise a line. */
function progressText(io: CommandIo, method: string, { fraction, message }: CallProgress): string {
  if (io.verbosity === 'quiet') return '';
  const bar = fraction === undefined ? [] : [`${barText(fraction)} ${Math.round(fraction * 100)} %`];
  const line = [`${method}()`, ...bar, ...(message === undefined ? [] : [shown(message)])].join(' ');
  return io.isTty ? `${clearLine}${line}${fraction === 1 ? '\n' : ''}` : `${line}\n`;
}

function barText(fraction: number): string {
  const width = 20;
  const done = Math.round(fraction * width);
  return `[${'#'.repeat(done)}${'.'.repeat(width - done)}]`;
}

/** Whether the arguments and the result are bytes. This is known from the interface, or without one from `--raw`. */
function isRawCall(name: string, asked: boolean, definition: Interface | undefined): boolean {
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
  return `no interface given, so the interface hash that ${path} declares is used: ${formatHash(hash)}`;
}

/** An exception of a plugin, with the details and the traceback for its author. */
function pluginErrorText({ plugin, method, code, message, details, traceback }: PluginError): string {
  const lines = [
    `error: ${plugin}.${method} raised ${code}: ${message}`,
    ...(details === undefined || details === null ? [] : [`details: ${toJson(details, { indent: 0 }).trimEnd()}`]),
    traceback.trimEnd(),
  ];
  return `${lines.join('\n')}\n`;
}
