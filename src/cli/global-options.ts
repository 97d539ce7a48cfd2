import { closest } from '../errors/closest.ts';
import { type OptionDefinition, type OptionDefinitions, UsageError } from './parse-arguments.ts';

/** Options of every command. They may stand before and after the name of the command. */
export const globalOptions = {
  quiet: { type: 'boolean', short: 'q', help: 'Print only results and errors' },
  verbose: { type: 'boolean', short: 'v', help: 'Print each step and its time, also without a terminal' },
  color: {
    type: 'string',
    value: 'when',
    choices: ['auto', 'always', 'never'],
    help: 'Use colors: auto (default: on a terminal), always, never',
  },
} as const satisfies OptionDefinitions;

/** How much a command prints. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

export type ColorChoice = (typeof globalOptions)['color']['choices'][number];

/** A command line, and what its global options say. */
export interface GlobalSettings {
  /** The words without the global options. */
  readonly argv: readonly string[];
  readonly verbosity: Verbosity;
  readonly color: ColorChoice;
}

/**
 * Removes the global options from a command line. Words after `--` stay as they are.
 *
 * No option takes a value that begins with a dash, so each word of this form is the option itself.
 *
 * @throws {@link UsageError}
 */
export function readGlobalOptions(argv: readonly string[]): GlobalSettings {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const rest: string[] = [];
  const flags = { quiet: false, verbose: false };
  let color: ColorChoice = 'auto';
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [name = '', ...value] = word.split('=');
    if (name === '--color') color = toColor(value.length > 0 ? value.join('=') : words[(index += 1)]);
    else if (!word.startsWith('--') && /^-[qv]+$/.test(word)) {
      flags.quiet ||= word.includes('q');
      flags.verbose ||= word.includes('v');
    } else if (name === '--quiet' || name === '--verbose') {
      if (value.length > 0) throw new UsageError(`${name} takes no value`);
      flags[name === '--quiet' ? 'quiet' : 'verbose'] = true;
    } else rest.push(word);
  }
  if (flags.quiet && flags.verbose)
    throw new UsageError('--quiet and --verbose exclude each other', 'Use one of them.');
  const verbosity = flags.quiet ? 'quiet' : flags.verbose ? 'verbose' : 'normal';
  return { argv: end === -1 ? rest : [...rest, ...argv.slice(end)], verbosity, color };
}

function toColor(value: string | undefined): ColorChoice {
  const { choices } = globalOptions.color;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  if (value === undefined || value === '' || value.startsWith('-')) {
    throw new UsageError('--color needs a value', `Use one of ${choices.join(', ')}.`);
  }
  const near = closest(value, [...choices]);
  const hint = near === undefined ? `Use one of ${choices.join(', ')}.` : `Use --color ${near}.`;
  throw new UsageError(`--color takes ${choices.join(', ')}, not ${value}`, hint);
}

/** The global options as a definition of an option, for help and completion. */
export const globalDefinitions: Readonly<Record<string, OptionDefinition>> = globalOptions;
