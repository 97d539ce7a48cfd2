import { closest } from '../errors/closest.ts';
import { adviceFor } from './reference-commands.ts';
import { UsageError } from './usage-error.ts';

/** What a command line asks for. */
export type Request =
  | { readonly kind: 'version' }
  /** Help of the program, of a group or of a command. `asked` is false when something was left out that is needed. */
  | {
      readonly kind: 'help';
      readonly of: 'program' | 'group' | 'command';
      readonly name: string;
      readonly asked: boolean;
    }
  | { readonly kind: 'run'; readonly name: string; readonly argv: readonly string[] };

/**
 * Finds out what a command line asks for.
 *
 * @param names of all commands: one word, or a group and one word.
 * @throws {@link UsageError} when there is no such command.
 */
export function readRequest(argv: readonly string[], names: readonly string[]): Request {
  const [first, ...others] = argv;
  if (first === undefined) return { kind: 'help', of: 'program', name: '', asked: false };
  if (first === '--version' || first === '-V') return { kind: 'version' };
  if (first === 'help') return readRequest([...others, '--help'], names);
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
  if (isGroup && (others[0] === undefined || isHelp(others[0]))) {
    return { kind: 'help', of: 'group', name: first, asked: others.length > 0 };
  }
  throw unknownCommand(first, others[0], names);
}

/** What follows `--` belongs to the command whatever it looks like. */
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
  const advice = adviceFor(first, second);
  if (advice !== undefined) return new UsageError(`There is no command ${typed}`, advice);
  const near = closest(both, names) ?? closest(typed, [...names, ...groups]);
  const hint = near === undefined ? 'Run `fidius --help` to see all commands.' : `Run \`fidius ${near}\`.`;
  return new UsageError(`There is no command ${typed}`, hint);
}
