import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './define-command.ts';
import { globalDefinitions } from './global-options.ts';
import type { OptionDefinition, OptionDefinitions } from './parse-arguments.ts';

export const helpOption: OptionDefinition = { type: 'boolean', short: 'h', help: 'Show this help' };
export const versionOption: OptionDefinition = { type: 'boolean', short: 'V', help: 'Show the version' };

/** The help of the program, or of one group of its commands. */
export function overviewHelp(commands: readonly Command[], group?: string): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  const options = group === undefined ? { help: helpOption, version: versionOption } : { help: helpOption };
  return [
    `Usage: fidius ${group === undefined ? '' : `${group} `}<command> [options]`,
    ...(group === undefined ? ['', 'Load Python plugins into Node.js.'] : []),
    ...section('Commands', rows),
    ...section('Options', optionRows(options)),
    ...section('Global options', optionRows(globalDefinitions)),
    ...section(
      'Examples',
      commands.flatMap(({ examples }) => examples.slice(0, 1)).map((example) => [example]),
    ),
    '',
    'Help for one command: fidius <command> --help',
    '',
  ].join('\n');
}

/** The help of one command. The reference page shows it unchanged. */
export function commandHelp({ summary, usage, options, examples }: Command): string {
  return [
    `Usage: ${usage}`,
    '',
    `${summary}.`,
    ...section('Options', optionRows({ ...options, help: helpOption })),
    ...section('Global options', optionRows(globalDefinitions)),
    ...section(
      'Examples',
      examples.map((example) => [example]),
    ),
    '',
  ].join('\n');
}

function optionRows(options: OptionDefinitions): (readonly [string, string])[] {
  return Object.entries(options).flatMap(([name, { short, type, value = 'value', fallback, help }]) => {
    const shownValue = fallback === undefined ? `<${value}>` : `[${value}]`;
    const long = type === 'boolean' ? `--${name}` : `--${name} ${shownValue}`;
    return help === undefined ? [] : [[short === undefined ? long : `-${short}, ${long}`, help] as const];
  });
}

function section(title: string, rows: readonly (readonly [string, string?])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => (text === undefined ? `  ${name}` : `  ${name.padEnd(width)}  ${text}`));
  return rows.length === 0 ? [] : ['', `${title}:`, ...lines];
}

/** The folder of this package: the parent of both `src/` and `dist/`. */
export function ownFolder(): string {
  return fileURLToPath(new URL('../..', import.meta.url));
}

/** The version of this package. */
export function fidiusVersion(): string {
  return (JSON.parse(readFileSync(join(ownFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}
