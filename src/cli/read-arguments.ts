import { parseArgs } from 'node:util';
import { closest } from '../errors/closest.ts';
import type { Command, OptionSpec } from './command.ts';
import { UsageError } from './usage-error.ts';

/** What becomes of an option. */
type ValueOf<Spec extends OptionSpec> = Spec extends { required: true } ? TypeOf<Spec> : TypeOf<Spec> | undefined;

/** What `parseArgs` makes of an option that is there. */
type TypeOf<Spec extends OptionSpec> = Spec extends { type: 'boolean' }
  ? boolean
  : Spec extends { choices: readonly (infer Choice)[] }
    ? Choice
    : Spec extends { multiple: true }
      ? string[]
      : string;

export interface Arguments<Options extends Readonly<Record<string, OptionSpec>>> {
  readonly options: { readonly [Name in keyof Options]: ValueOf<Options[Name]> };
  readonly positionals: readonly string[];
}

/**
 * Takes the arguments of a command apart.
 *
 * A word that begins like a negative number is an argument, never an option.
 *
 * @param expected names of the arguments without a dash, in order; one that ends in `?` may be missing, and the last may
 *   begin with `...` for any number of them.
 * @throws {@link UsageError} for an unknown option, a missing one or its missing value, too few or too many arguments.
 */
export function readArguments<const Options extends Readonly<Record<string, OptionSpec>>>(
  command: Pick<Command, 'name' | 'usage'>,
  argv: readonly string[],
  options: Options,
  expected: readonly string[] = [],
): Arguments<Options> {
  const parsed = parse(command, argv, options);
  // An empty word is what a shell makes of a variable that is not set: taken for a path, it would mean the folder here.
  const missing = expected.find((name, index) => !name.endsWith('?') && !parsed.positionals[index]);
  if (missing !== undefined) throw new UsageError(`fidius ${command.name} needs <${missing}>`, usageHint(command));
  const extra = parsed.positionals[expected.length];
  if (extra !== undefined && expected.at(-1)?.startsWith('...') !== true) {
    throw new UsageError(`fidius ${command.name} does not take another argument: ${extra}`, usageHint(command));
  }
  for (const [name, spec] of Object.entries<OptionSpec>(options)) {
    const problem = valueProblem(name, spec, parsed.options[name]);
    if (problem !== undefined) throw new UsageError(`fidius ${command.name} ${problem}`, usageHint(command));
  }
  return parsed as Arguments<Options>;
}

function parse(
  command: Pick<Command, 'name' | 'usage'>,
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): { options: Readonly<Record<string, unknown>>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: argv.map(hideNumber),
      options: Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, toParseArgs(spec)])),
      allowPositionals: true,
    });
    const shown = Object.entries(values).map(([name, value]) => [name, showNumbers(value)]);
    return { options: Object.fromEntries(shown) as Record<string, unknown>, positionals: positionals.map(showNumber) };
  } catch (error) {
    throw toUsageError(command, Object.keys(options), error);
  }
}

function valueProblem(
  name: string,
  { required, value = 'value', choices }: OptionSpec,
  given: unknown,
): string | undefined {
  if (given === undefined) return required === true ? `needs --${name} <${value}>` : undefined;
  if ([given].flat().includes('')) return `needs a value after --${name}`;
  if (choices === undefined || typeof given !== 'string' || choices.includes(given)) return undefined;
  return `takes ${choices.join(', ')} after --${name}, not ${given}`;
}

// No word of a command line can hold this character.
const disguise = '\0';

function hideNumber(word: string): string {
  return /^-\.?\d/.test(word) ? `${disguise}${word}` : word;
}

function showNumber(word: string): string {
  return word.startsWith(disguise) ? word.slice(disguise.length) : word;
}

function showNumbers(value: unknown): unknown {
  if (typeof value === 'string') return showNumber(value);
  return Array.isArray(value) ? value.map(showNumbers) : value;
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
      const hint = near === undefined ? usageHint(command) : `Use --${near}.`;
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
