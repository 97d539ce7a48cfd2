import type { ErrorCode } from '../errors/codes.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import type { CommandIo } from './command-io.ts';
import { globalOptions } from './global-options.ts';
import { toJson } from './output/json.ts';
import {
  type ArgumentDefinitions,
  type CommandSyntax,
  type OptionDefinition,
  type OptionDefinitions,
  type ParsedArguments,
  parseArguments,
  usageOf,
} from './parse-arguments.ts';

/** Replacements for hints of the library that name options of a function: the same advice for the command line. */
export type HintReplacements = Partial<Readonly<Record<ErrorCode, string>>>;

/** The outcome of a command. */
export interface CommandResult {
  /** Printed with `--json`. */
  readonly record?: object;
  /** Printed without `--json`, or if there is no record. */
  readonly text?: string | Uint8Array;
  /** Whether the text only reports what was done, so that `--quiet` leaves it out. */
  readonly isReport?: boolean;
  /** 1 for a negative result. Default: 0. */
  readonly exitCode?: 0 | 1;
  /** A failure that has a record as well: it is thrown after the record is printed. */
  readonly error?: Error;
}

/** The declaration of a command. Help, completion and reference page come from it. */
export interface CommandDefinition<Options extends OptionDefinitions, Arguments extends ArgumentDefinitions> {
  /** As it is typed: several words for a command of a group, such as `package validate`. */
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** In the order in which they are typed. */
  readonly arguments?: Arguments;
  readonly options?: Options;
  /** Options of which at least one is required. */
  readonly needsOneOf?: readonly (keyof Options & string)[];
  /** Command lines that can be typed unchanged. */
  readonly examples: readonly string[];
  /** Whether the command has `--json`. */
  readonly json?: boolean;
  readonly hints?: HintReplacements;
  /**
   * Does the work, and returns what is printed to standard output. Errors are printed by the caller, with exit code 2 for a
   * `UsageError` and otherwise 1.
   */
  run(parsed: ParsedArguments<Options, Arguments>, io: CommandIo): Promise<CommandResult>;
}

/** A command as the program sees it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The text after `Usage:`. */
  readonly usage: string;
  readonly options: OptionDefinitions;
  readonly arguments: ArgumentDefinitions;
  readonly examples: readonly string[];
  /**
   * @param argv the words after the name.
   * @returns the exit code.
   */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

const jsonOption: OptionDefinition = { type: 'boolean', help: 'Print the result as JSON' };

type None = Readonly<Record<never, never>>;

/**
 * Makes a command of its declaration.
 *
 * The file of a command is loaded by every `fidius --help`. It therefore imports the library inside `run`.
 */
export function defineCommand<
  const Options extends OptionDefinitions = None,
  const Arguments extends ArgumentDefinitions = None,
>(definition: CommandDefinition<Options, Arguments>): Command {
  const { name, summary, examples, json = false, hints = {}, needsOneOf = [] } = definition;
  const options: OptionDefinitions = { ...definition.options, ...(json ? { json: jsonOption } : {}) };
  const syntax: CommandSyntax = {
    name,
    options,
    arguments: definition.arguments ?? {},
    needsOneOf,
    globalOptions: Object.keys(globalOptions),
  };
  return {
    name,
    summary,
    usage: usageOf(syntax),
    options,
    arguments: syntax.arguments,
    examples,
    async run(argv, io) {
      const parsed = parseArguments(syntax, argv, io.cwd);
      // The definitions were erased for parsing. They are those of this command.
      const typed = parsed as ParsedArguments<Options, Arguments>;
      const {
        record,
        text,
        isReport,
        exitCode = 0,
        error,
      } = await replaceHints(hints, () => definition.run(typed, io));
      if (parsed.options['json'] === true && record !== undefined) io.stdout.write(toJson(record));
      else if (text !== undefined && !(isReport === true && io.verbosity === 'quiet')) io.stdout.write(text);
      if (error !== undefined) throw error;
      return exitCode;
    },
  };
}

async function replaceHints<T>(hints: HintReplacements, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const hint = isFidiusError(cause) ? hints[cause.code] : undefined;
    throw isFidiusError(cause) && hint !== undefined
      ? new FidiusError(cause.code, cause.message, { cause, hint })
      : cause;
  }
}
