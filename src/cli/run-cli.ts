import { isFidiusError } from '../errors/fidius-error.ts';
import { type CommandIo, Interruption, withEscapedOutput } from './command-io.ts';
import { commands } from './commands.ts';
import type { Command } from './define-command.ts';
import { commandHelp, overviewHelp } from './help.ts';
import { UsageError } from './parse-arguments.ts';
import { parseRequest } from './parse-request.ts';
import { fidiusVersion } from './version.ts';

/**
 * Runs one command line, without the name of the program.
 *
 * @returns the exit code: 0 success, 1 failure or a negative result, 2 invalid command line, 130 interrupted. Never throws.
 */
export async function runCli(argv: readonly string[], processIo: CommandIo): Promise<number> {
  const io = withEscapedOutput(processIo);
  try {
    const names = Object.keys(commands);
    const request = parseRequest(argv, names);
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
    (asked ? io.stdout : io.stderr).write(text);
    return asked ? 0 : 2;
  } catch (error) {
    io.stderr.write(describeFailure(error, io.env));
    if (error instanceof Interruption) return error.exitCode;
    return error instanceof UsageError ? 2 : 1;
  }
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
  const lines = [`error: ${message}`, hint === undefined ? undefined : `hint: ${hint}`, stack];
  return `${lines.filter((line) => line !== undefined).join('\n')}\n`;
}
