import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandNames } from './cli-here.ts';
import { root } from './markdown.ts';

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}

const { scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;

/** Programs that a reader has or knows how to get; what they are asked to do is not looked into. */
const common = [
  'cat',
  'cd',
  'cp',
  'echo',
  'export',
  'git',
  'ls',
  'mkdir',
  'mv',
  'pip',
  'python3',
  'rm',
  'source',
  'sudo',
];

/** The commands of `fidius`. */
const commands = await commandNames();

type Written = readonly (string | undefined)[];

/**
 * What is wrong with the commands of a block, one line each: an npm script, a program of a package, a command of `fidius`
 * or a file that does not exist. Nothing is run.
 *
 * @param written files that the page has the reader write; any file will do when it is left out.
 */
export function shellProblems(code: string, written?: Written): string[] {
  return commandsIn(code).flatMap((words) => {
    const problem = problemOf(words, written);
    return problem === undefined ? [] : [`${words.join(' ')}: ${problem}`];
  });
}

function commandsIn(code: string): string[][] {
  const lines = code.replaceAll('\\\n', ' ').split('\n');
  return lines
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/&&|\|\|?|;/))
    .map((command) => command.trim().split(/\s+/))
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter(([first]) => first !== undefined && first !== '');
}

function problemOf([program = '', ...args]: string[], written: Written | undefined): string | undefined {
  if (common.includes(program)) return undefined;
  if (program === 'npm') return npmProblem(args);
  if (program === 'npx') return toolProblem(args, written);
  if (program === 'node') return fileProblem(args, written);
  if (program in bin) return ownProblem(args);
  return 'no such program here';
}

function npmProblem([command = '', ...args]: string[]): string | undefined {
  if (['ci', 'create', 'init', 'install', 'pkg', 'start'].includes(command)) return undefined;
  const script = command === 'run' ? args[0] : command;
  return script !== undefined && script in scripts ? undefined : `no such npm script: ${script}`;
}

function toolProblem(args: string[], written: Written | undefined): string | undefined {
  const [tool = '', ...rest] = args.filter((arg) => arg !== '--yes' && arg !== '-y');
  if (tool in bin) return ownProblem(rest);
  if (!existsSync(join(root, 'node_modules/.bin', tool))) return `no package installs ${tool}`;
  return tool === 'tsx' ? fileProblem(rest, written) : undefined;
}

function fileProblem(args: string[], written: Written | undefined): string | undefined {
  if (written === undefined) return undefined;
  const file = args.find((arg) => !arg.startsWith('-')) ?? '';
  return written.includes(file) || existsSync(join(root, file)) ? undefined : `no such file: ${file}`;
}

/** The command may be two words, such as `package sign`. Its options are not looked into. */
function ownProblem([first = '', second]: string[]): string | undefined {
  if (first.startsWith('-') || commands.includes(first) || commands.includes(`${first} ${second}`)) return undefined;
  return `fidius has no command ${first}`;
}
