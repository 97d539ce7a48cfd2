import { readForeignFile } from '../../files/open-foreign-file.ts';

const maxBytes = 1024 * 1024;

/** One line of a requirements file. */
export interface RequirementLine {
  /** `option` for a line such as `--index-url …` or `-r other.txt`. */
  readonly kind: 'requirement' | 'editable' | 'option';
  /** As it is written, without options behind it. */
  readonly text: string;
  /** Of the distribution, where the line tells. */
  readonly name: string | undefined;
  /** Whether a marker may leave it out: `; python_version < "3.11"`. */
  readonly conditional: boolean;
}

/** The lines of a requirements file that say something. Files that it includes are not read. */
export function readRequirements(file: string): readonly RequirementLine[] {
  return readForeignFile(file, { links: 'follow', maxBytes })
    .toString()
    .replace(/^\ufeff/, '')
    .replace(/\\\r?\n/g, ' ')
    .split(/\r\n?|\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map(readLine);
}

function readLine(line: string): RequirementLine {
  const text = line.replace(/\s+--.*$/, '').replace(/\s+/g, ' ');
  if (/^(?:-e|--editable)(?![\w-])/.test(line)) return { kind: 'editable', text, name: undefined, conditional: false };
  if (line.startsWith('-')) return { kind: 'option', text, name: undefined, conditional: false };
  const [, name] = /^([\p{L}\d](?:[\w.-]*[\p{L}\d])?)\s*(?:\[[^\]]*\])?\s*(?:$|[<>=!~(;@])/u.exec(text) ?? [];
  const isFile = /^[^@]*\.(?:whl|zip|tar\.\w+)$/.test(text);
  return {
    kind: 'requirement',
    text,
    name: isFile ? undefined : name,
    conditional: name === undefined ? /\s;|;\s/.test(text) : text.includes(';'),
  };
}
