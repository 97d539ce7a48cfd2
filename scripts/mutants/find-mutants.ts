import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One small fault in one line of a source file. */
export interface Mutant {
  readonly file: string;
  /** From 0. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** What becomes of a piece of code. */
const faults: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ < /g, ' <= '],
  [/ > (?!=)/g, ' >= '],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/\b0o[0-7]{3,4}\b/g, '0o777'],
  [/\blinks: 'refuse'(?! \|)/g, "links: 'follow'"],
];

const call = /^( +)(?:await )?(?:this\.#?)?[a-z]\w*(?:\.#?\w+)*\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*\);$/;

/** Every mutant of the files at a path, in the order of the files. */
export function findMutants(path: string): readonly Mutant[] {
  return filesOf(path).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((before, line) => changesOf(before).map((after) => ({ file, line, before, after }))),
  );
}

/** The faults that can be put into a line. */
function changesOf(line: string): readonly string[] {
  // Comments and types are not behaviour, and what only makes up a message is tested where the message is.
  if (/^\s*(?:\/?\*|\/\/|import |export type|export interface|readonly |type |throw )/.test(line)) return [];
  if (/^\s*(?:const |let |\? |: )?(?:message|hint|problem|problems)\b|=> (?:unsafe|invalid|refuse)\(/.test(line))
    return [];
  const code = withoutText(line);
  const changes = faults.flatMap(([pattern, by]) =>
    [...(by.includes("'") ? line : code).matchAll(pattern)]
      // `??` cannot stand beside the other two without brackets.
      .filter(() => !(code.includes('??') && /&&|\|\|/.test(by)))
      .map(({ index, 0: found }) => line.slice(0, index) + by + line.slice(index + found.length)),
  );
  const condition = conditionOf(code);
  if (condition !== undefined) {
    const [start, end] = condition;
    changes.push(`${line.slice(0, start)}false && (${line.slice(start, end)})${line.slice(end)}`);
  }
  if (call.test(code)) changes.push(line.replace(/^( +).*/, '$1;'));
  return changes;
}

/** Where the condition of an `if` stands, if it ends in the same line. */
function conditionOf(code: string): readonly [start: number, end: number] | undefined {
  const found = /\bif \(/.exec(code);
  if (found === null) return undefined;
  const start = found.index + found[0].length;
  let depth = 1;
  for (let at = start; at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')') depth -= 1;
    if (depth === 0) return [start, at];
  }
  return undefined;
}

/** The line with the inside of strings, patterns and trailing comments blanked out; as long as before. */
function withoutText(line: string): string {
  return line
    .replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (text) => `'${'_'.repeat(text.length - 2)}'`)
    .replace(/(?<=[(,=] ?)\/(?:[^/\\]|\\.)+\/[a-z]*/g, (text) => '_'.repeat(text.length))
    .replace(/ \/\/ .*$/, (text) => ' '.repeat(text.length));
}

function filesOf(path: string): readonly string[] {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(path, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}
