import { closest } from '../errors/closest.ts';
import { isFidiusError } from '../errors/fidius-error.ts';
import { isPluginError } from '../errors/plugin-error.ts';
import { Interruption, type ProcessIo, withEscapedOutput } from './command-io.ts';
import { commands } from './commands.ts';
import type { Command } from './define-command.ts';
import { readGlobalOptions } from './global-options.ts';
import { commandHelp, fidiusVersion, overviewHelp } from './help.ts';
import { paintHelp, paintMessages, usesColor } from './output/color.ts';
import { UsageError } from './parse-arguments.ts';

/**
 * Runs one command line, without the name of the program.
 *
 * @returns the exit code: 0 success, 1 failure or a negative result, 2 invalid command line, 130 interrupted. Never throws.
 */
export async function runCli(argv: readonly string[], processIo: ProcessIo): Promise<number> {
  const { env, isTty, isStdoutTty } = processIo;
  let io = withEscapedOutput(processIo, {
    verbosity: 'normal',
    paintStderr: usesColor('auto', env, isTty) ? paintMessages : unpainted,
  });
  try {
    const { argv: words, verbosity, color } = readGlobalOptions(argv);
    io = withEscapedOutput(processIo, {
      verbosity,
      paintStderr: usesColor(color, env, isTty) ? paintMessages : unpainted,
    });
    const names = Object.keys(commands);
    const request = parseRequest(words, names);
    if (request.kind === 'run') return await (await load(request.name)).run(request.argv, io);
    if (request.kind === 'version') {
      io.stdout.write(`${fidiusVersion()}\n`);
      return 0;
    }
    const { of, name, asked } = request;
    const shown = of === 'group' ? names.filter((each) => each.startsWith(`${name} `)) : names;
    const text =
      of === 'command'
        ? commandHelp(await load(name))
        : overviewHelp(await Promise.all(shown.map(load)), of === 'group' ? name : undefined);
    // The text is our own, so its colors need not be escaped.
    const [stream, isTerminal] = asked ? [processIo.stdout, isStdoutTty] : [processIo.stderr, isTty];
    stream.write(usesColor(color, env, isTerminal) ? paintHelp(text) : text);
    return asked ? 0 : 2;
  } catch (error) {
    io.stderr.write(describeFailure(error, io.env));
    if (error instanceof Interruption) return error.exitCode;
    return error instanceof UsageError ? 2 : 1;
  }
}

function unpainted(text: string): string {
  return text;
}

async function load(name: string): Promise<Command> {
  const loader = commands[name];
  if (loader === undefined) throw new UsageError(`There is no command ${name}`);
  return loader();
}

/** The message and hint of an error, and with `FIDIUS_DEBUG` its stack. */
function describeFailure(error: unknown, env: NodeJS.ProcessEnv): string {
  if (!(error instanceof Error)) return `error: ${String(error)}\n`;
  const isOurs = isFidiusError(error);
  const message = isOurs || error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
  const isExpected = error instanceof Interruption;
  const hint = isOurs ? error.hint : isExpected ? undefined : 'Set FIDIUS_DEBUG=1 to see where this happened.';
  const stack = env['FIDIUS_DEBUG'] ? error.stack : undefined;
  const lines = [`error: ${message}`, tracebackOf(error), hint === undefined ? undefined : `hint: ${hint}`, stack];
  return `${lines.filter((line) => line !== undefined).join('\n')}\n`;
}

/** The traceback of the Python exception that caused an error, if it was raised by code of a package. */
function tracebackOf({ cause }: Error): string | undefined {
  if (isPluginError(cause)) return /^ {2}File "/m.test(cause.traceback) ? cause.traceback.trimEnd() : undefined;
  return cause instanceof Error ? tracebackOf(cause) : undefined;
}

/** The action that a command line requests. */
type Request =
  | { readonly kind: 'version' }
  /** Help of the program, of a group or of a command. `asked` is false if the command line is incomplete. */
  | {
      readonly kind: 'help';
      readonly of: 'program' | 'group' | 'command';
      readonly name: string;
      readonly asked: boolean;
    }
  | { readonly kind: 'run'; readonly name: string; readonly argv: readonly string[] };

/**
 * Determines the action of a command line from its first words.
 *
 * @param names the names of all commands: one word, or a group and one word.
 * @throws {@link UsageError} if there is no such command.
 */
function parseRequest(argv: readonly string[], names: readonly string[]): Request {
  const [first, ...others] = argv;
  if (first === undefined) return { kind: 'help', of: 'program', name: '', asked: false };
  if (first === '--version' || first === '-V') return { kind: 'version' };
  if (first === 'help') return parseRequest([...others, '--help'], names);
  if (isHelp(first)) return { kind: 'help', of: 'program', name: '', asked: true };
  if (first.startsWith('-')) {
    throw new UsageError(`There is no option ${first} before the command`, 'Run `fidius --help`.');
  }

  const name = [`${first} ${others[0]}`, first].find((each) => names.includes(each));
  if (name !== undefined) {
    const rest = argv.slice(name.split(' ').length);
    const asked = untilDashes(rest).some((word) => isHelp(word));
    return asked ? { kind: 'help', of: 'command', name, asked } : { kind: 'run', name, argv: rest };
  }
  const isGroup = names.some((each) => each.startsWith(`${first} `));
  if (isGroup && others[0] === 'help') return parseRequest([first, ...others.slice(1), '--help'], names);
  if (isGroup && (others[0] === undefined || isHelp(others[0]))) {
    return { kind: 'help', of: 'group', name: first, asked: others.length > 0 };
  }
  throw unknownCommand(first, others[0], names);
}

/** The words after `--` belong to the command, including `--help`. */
function untilDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

function unknownCommand(first: string, second: string | undefined, names: readonly string[]): UsageError {
  const groups = new Set(names.filter((name) => name.includes(' ')).map((name) => name.slice(0, name.indexOf(' '))));
  const both = `${first} ${second}`;
  const typed = groups.has(first) ? both : first;
  const advice = [both, first].map((name) => rustCommands.get(name)).find((each) => each !== undefined);
  if (advice !== undefined) return new UsageError(`There is no command ${typed}`, advice);
  const inGroups = groups.has(first) ? [] : namesInGroups(first, names);
  if (inGroups.length > 0) {
    return new UsageError(
      `There is no command ${typed}`,
      `Run ${inGroups.map((name) => `\`fidius ${name}\``).join(' or ')}.`,
    );
  }
  const near = closest(both, names) ?? closest(typed, [...names, ...groups]) ?? nearInGroups(first, names);
  const hint = near === undefined ? 'Run `fidius --help` to see all commands.' : `Run \`fidius ${near}\`.`;
  return new UsageError(`There is no command ${typed}`, hint);
}

/** The commands of groups with this second word: `package pack` for `pack`. */
function namesInGroups(word: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => name.endsWith(` ${word}`));
}

function nearInGroups(word: string, names: readonly string[]): string | undefined {
  const words = names.filter((name) => name.includes(' ')).map((name) => name.slice(name.indexOf(' ') + 1));
  const near = closest(word, words);
  return near === undefined ? undefined : namesInGroups(near, names)[0];
}

/** Commands of the Rust tool without a command of the same name here, each with its replacement. */
const rustCommands: ReadonlyMap<string, string> = new Map([
  ['init-host', 'Run `fidius init host`.'],
  ['init-interface', 'Run `fidius init interface`.'],
  ['init-plugin', 'Run `fidius init plugin`.'],
  ['inspect', 'Run `fidius package inspect`: this tool reads packages, not compiled libraries.'],
  ['package build', 'Build a Rust library with cargo, and pack the result with `fidius package pack`.'],
  ['python-stub', 'Run `fidius stub`.'],
  ['sign', 'Run `fidius package sign`: this tool signs packages, not compiled libraries.'],
  ['test', 'Run `fidius run <package> <method>` to call a method.'],
  ['verify', 'Run `fidius package verify`: this tool verifies packages, not compiled libraries.'],
  ['wit', 'This tool does not support loading WebAssembly components or writing WIT yet.'],
]);
