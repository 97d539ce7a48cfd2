import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { closest } from '../errors/closest.ts';
import { FidiusError, nameErrorClass } from '../errors/fidius-error.ts';

/** An option of a command. Its value is validated and converted according to this definition, and nowhere else. */
export interface OptionDefinition {
  /** A `path` is resolved against the current folder. A `number` is 0 or greater. */
  readonly type: 'boolean' | 'string' | 'number' | 'path';
  readonly short?: string;
  /** Whether the option may be repeated. */
  readonly multiple?: boolean;
  /** Whether the command fails without the option. */
  readonly required?: boolean;
  /** The accepted values, if there are only a few. */
  readonly choices?: readonly string[];
  /**
   * Makes the value of a `string` optional: the next word is the value only if it has this form, otherwise `value` is. Only one
   * form can be told from an argument of the command.
   */
  readonly fallback?: { readonly value: string; readonly form: RegExp };
  /** Placeholder for the value in the help: `file` is printed as `--out <file>`. */
  readonly value?: string;
  /** One line for the help. An option without it works, but is not listed. */
  readonly help?: string;
}

/** An argument of a command: a word that is not an option. */
export interface ArgumentDefinition {
  /** Whether it takes all remaining words. Only the last argument may do so. */
  readonly variadic?: boolean;
  readonly optional?: boolean;
  /** The accepted values, if there are only a few. */
  readonly choices?: readonly string[];
}

export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>;
export type ArgumentDefinitions = Readonly<Record<string, ArgumentDefinition>>;

/** The words that a command accepts after its name. Arguments are in the order in which they are typed. */
export interface CommandSyntax {
  readonly name: string;
  readonly options: OptionDefinitions;
  readonly arguments: ArgumentDefinitions;
  /** Options of which at least one is required. */
  readonly needsOneOf: readonly string[];
  /** The names of the options that were removed before, for suggestions. */
  readonly globalOptions: readonly string[];
}

/** The values of the command line, by the names of options and arguments. */
export interface ParsedArguments<Options extends OptionDefinitions, Arguments extends ArgumentDefinitions> {
  readonly options: { readonly [Name in keyof Options]: OptionValue<Options[Name]> };
  readonly args: { readonly [Name in keyof Arguments]: ArgumentValue<Arguments[Name]> };
}

/** The same without the types of one command. */
export interface UntypedArguments {
  readonly options: Readonly<Record<string, unknown>>;
  readonly args: Readonly<Record<string, unknown>>;
}

type OptionValue<Definition extends OptionDefinition> = Definition extends { type: 'boolean' }
  ? boolean
  : Definition extends { multiple: true }
    ? readonly Item<Definition>[]
    : Definition extends { required: true }
      ? Item<Definition>
      : Item<Definition> | undefined;

type ArgumentValue<Definition extends ArgumentDefinition> = Definition extends { variadic: true }
  ? readonly string[]
  : Definition extends { optional: true }
    ? Item<Definition> | undefined
    : Item<Definition>;

type Item<Definition> = Definition extends { type: 'number' }
  ? number
  : Definition extends { choices: readonly (infer Choice extends string)[] }
    ? Choice
    : string;

/** The command line is invalid. The exit code is 2 instead of 1. */
export class UsageError extends FidiusError {
  static {
    nameErrorClass(this);
  }

  constructor(message: string, hint?: string) {
    super('FIDIUS_CLI_USAGE', message, { hint });
  }
}

/** The text after `Usage:`, such as `fidius stub <module> [options]`. */
export function usageOf({ name, options, arguments: expected, needsOneOf }: CommandSyntax): string {
  const required = Object.keys(options).filter((key) => options[key]?.required === true || key === needsOneOf[0]);
  return [
    `fidius ${name}`,
    ...Object.entries(expected).map(([argument, { variadic = false, optional = false }]) => {
      const shown = `${argument}${variadic ? '...' : ''}`;
      return optional ? `[${shown}]` : `<${shown}>`;
    }),
    ...required.map((key) => `--${key} <${options[key]?.value ?? 'value'}>`),
    ...(Object.keys(options).length === 0 ? [] : ['[options]']),
  ].join(' ');
}

/**
 * Parses the words that follow the name of a command.
 *
 * A word that starts like a negative number is an argument, never an option.
 *
 * @param cwd the folder that relative paths start from.
 * @throws {@link UsageError}
 */
export function parseArguments(syntax: CommandSyntax, argv: readonly string[], cwd: string): UntypedArguments {
  const { options, needsOneOf } = syntax;
  const { values, positionals } = splitWords(syntax, argv);
  const args = nameArguments(syntax, positionals);
  const converted = Object.entries(options).map(([name, definition]) => {
    return [name, optionValue(syntax, name, definition, values[name] ?? [], cwd)];
  });
  if (needsOneOf.length > 0 && needsOneOf.every((name) => values[name] === undefined)) {
    throw usageError(syntax, `needs ${needsOneOf.map((name) => `--${name}`).join(' or ')}`);
  }
  return { options: Object.fromEntries(converted), args };
}

interface SplitWords {
  /** The values of each option that was given. The value of a flag is `true`. */
  readonly values: Readonly<Record<string, readonly (string | boolean)[]>>;
  readonly positionals: readonly string[];
}

function splitWords(syntax: CommandSyntax, argv: readonly string[]): SplitWords {
  const options = Object.entries(syntax.options).map(([name, { type, short, multiple = false }]) => {
    const kind = type === 'boolean' ? type : 'string';
    return [name, { type: kind, multiple, ...(short === undefined ? {} : { short }) }] as const;
  });
  try {
    const { values, positionals } = parseArgs({
      args: withFallbacks(syntax.options, argv).map(maskNumber),
      options: Object.fromEntries(options),
      allowPositionals: true,
    });
    const unmasked = Object.entries(values).map(([name, value]) => {
      return [name, [value ?? []].flat().map((each) => (typeof each === 'string' ? unmaskNumber(each) : each))];
    });
    return { values: Object.fromEntries(unmasked) as SplitWords['values'], positionals: positionals.map(unmaskNumber) };
  } catch (error) {
    throw toUsageError(syntax, error);
  }
}

/** Writes the value of each option whose value is optional next to its name. */
function withFallbacks(options: OptionDefinitions, argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return argv.flatMap((word, index) => {
    if (end !== -1 && index >= end) return [word];
    const definition = word.startsWith('--') ? options[word.slice(2)] : undefined;
    const before = argv[index - 1] ?? '';
    const owner = before.startsWith('--') ? options[before.slice(2)]?.fallback : undefined;
    if (owner?.form.test(word) === true) return [];
    if (definition?.fallback === undefined) return [word];
    const { value, form } = definition.fallback;
    const next = argv[index + 1] ?? '';
    return [`${word}=${form.test(next) ? next : value}`];
  });
}

// A word of a command line cannot contain this character.
const mask = '\0';

function maskNumber(word: string): string {
  return /^-\.?\d/.test(word) ? `${mask}${word}` : word;
}

function unmaskNumber(word: string): string {
  return word.startsWith(mask) ? word.slice(mask.length) : word;
}

function nameArguments(
  syntax: CommandSyntax,
  words: readonly string[],
): Readonly<Record<string, string | readonly string[] | undefined>> {
  const entries = Object.entries(syntax.arguments);
  // An empty word is the value of an unset shell variable. As a path it would mean the current folder.
  const missing = entries.find(([, { optional }], index) => optional !== true && !words[index]);
  if (missing !== undefined) throw usageError(syntax, `needs <${missing[0]}>`);
  const extra = words[entries.length];
  if (extra !== undefined && entries.at(-1)?.[1].variadic !== true) {
    throw usageError(syntax, `does not take another argument: ${extra}`);
  }
  const values = entries.map(([name, { variadic, choices }], index) => {
    const word = words[index];
    if (choices !== undefined && word !== undefined && !choices.includes(word)) {
      throw usageError(syntax, `does not support ${word}`, `Use one of ${choices.join(', ')}.`);
    }
    return [name, variadic === true ? words.slice(index) : word] as const;
  });
  return Object.fromEntries(values);
}

function optionValue(
  syntax: CommandSyntax,
  name: string,
  { type, multiple, required, choices, value = 'value' }: OptionDefinition,
  given: readonly (string | boolean)[],
  cwd: string,
): unknown {
  if (type === 'boolean') return given.length > 0;
  if (required === true && given.length === 0) throw usageError(syntax, `needs --${name} <${value}>`);
  const items = given.map(String).map((text) => {
    if (text === '') throw usageError(syntax, `needs a value after --${name}`);
    if (type === 'path') return resolve(cwd, text);
    const isNumber = type === 'number';
    if (isNumber ? !/^\d+(\.\d+)?$/.test(text) : choices?.includes(text) === false) {
      const accepted = isNumber ? 'a number that is 0 or greater' : choices?.join(', ');
      throw usageError(syntax, `takes ${accepted} after --${name}, not ${text}`);
    }
    return isNumber ? Number(text) : text;
  });
  return multiple === true ? items : items[0];
}

function toUsageError(syntax: CommandSyntax, error: unknown): unknown {
  if (!(error instanceof TypeError) || !('code' in error)) return error;
  const [option = ''] = /--[\w-]+|-\w/.exec(error.message) ?? [];
  switch (error.code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const known = [...Object.keys(syntax.options), ...syntax.globalOptions];
      const near = closest(option.replace(/^-+/, ''), known);
      return usageError(syntax, `has no option ${option}`, near === undefined ? undefined : `Use --${near}.`);
    }
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
      const isFlag = error.message.includes('does not take an argument');
      return usageError(syntax, isFlag ? `takes no value: ${option}` : `needs a value after ${option}`);
    }
    default:
      return error;
  }
}

function usageError(syntax: CommandSyntax, problem: string, hint = `Usage: ${usageOf(syntax)}`): UsageError {
  return new UsageError(`fidius ${syntax.name} ${problem}`, hint);
}
