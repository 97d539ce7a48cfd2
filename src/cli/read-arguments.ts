import { parseArgs } from 'node:util';
import { closest } from '../errors/closest.ts';
import type { Command, OptionSpec } from './command.ts';
import { UsageError } from './usage-error.ts';

/** What `parseArgs` makes of an option. */
type ValueOf<Spec extends OptionSpec> = Spec extends { type: 'boolean' }
  ? boolean | undefined
  : Spec extends { multiple: true }
    ? string[] | undefined
    : string | undefined;

export interface Arguments<Options extends Readonly<Record<string, OptionSpec>>> {
  readonly options: { readonly [Name in keyof Options]: ValueOf<Options[Name]> };
  readonly positionals: readonly string[];
}

/**
 * Takes the arguments of a command apart.
 *
 * @param expected names of the arguments without a dash, in order; one that ends in `?` may be missing.
 * @throws {@link UsageError} for an unknown option, a missing value, too few or too many arguments.
 */
export function readArguments<const Options extends Readonly<Record<string, OptionSpec>>>(
  command: Pick<Command, 'name' | 'usage'>,
  argv: readonly string[],
  options: Options,
  expected: readonly string[] = [],
): Arguments<Options> {
  const parsed = parse(command, argv, options);
  const missing = expected.slice(parsed.positionals.length).find((name) => !name.endsWith('?'));
  if (missing !== undefined) throw new UsageError(`fidius ${command.name} needs <${missing}>`, usageHint(command));
  const extra = parsed.positionals[expected.length];
  if (extra !== undefined) {
    throw new UsageError(`fidius ${command.name} does not take another argument: ${extra}`, usageHint(command));
  }
  return parsed as Arguments<Options>;
}

function parse(
  command: Pick<Command, 'name' | 'usage'>,
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): { options: object; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, toParseArgs(spec)])),
      allowPositionals: true,
    });
    return { options: values, positionals };
  } catch (error) {
    throw toUsageError(command, Object.keys(options), error);
  }
}

function toParseArgs({ type, short, multiple = false }: OptionSpec) {
  return { type, multiple, ...(short === undefined ? {} : { short }) };
}

function toUsageError(command: Pick<Command, 'name' | 'usage'>, known: readonly string[], error: unknown): unknown {
  if (!(error instanceof TypeError) || !('code' in error)) return error;
  const [option = ''] = /--[\w-]+|-\w/.exec(error.message) ?? [];
  switch (error.code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const near = closest(option.replace(/^-+/, ''), known);
      const hint = near === undefined ? usageHint(command) : `Write --${near}.`;
      return new UsageError(`fidius ${command.name} has no option ${option}`, hint);
    }
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
      const isFlag = error.message.includes('does not take an argument');
      const message = isFlag ? `takes no value: ${option}` : `needs a value after ${option}`;
      return new UsageError(`fidius ${command.name} ${message}`, usageHint(command));
    }
    default:
      return error;
  }
}

function usageHint({ usage }: Pick<Command, 'usage'>): string {
  return `Usage: ${usage}`;
}
