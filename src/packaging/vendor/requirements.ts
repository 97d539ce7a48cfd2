import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { hasControls, shown } from '../../errors/shown.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';

const maxBytes = 1024 * 1024;

/** One line of a requirements file or of a constraints file. */
export interface RequirementLine {
  /**
   * `direct` for a path or an address, also behind a name: `name @ https://…`. `option` for a line such as `-r
   * other.txt`.
   */
  readonly kind: 'direct' | 'editable' | 'named' | 'option';
  /** As it is written, without options of the requirement. */
  readonly text: string;
  readonly file: string;
  /** Of its first line, where a backslash continues it. */
  readonly lineNumber: number;
  /** Of the distribution, if the line contains it. */
  readonly name: string | undefined;
  /** Such as `[extra]`; empty when there are none. */
  readonly extras: string;
  /** Path or address of a `direct` requirement; otherwise empty. */
  readonly target: string;
  /** The condition under which it applies, such as `python_version < "3.11"`; empty when there is none. */
  readonly marker: string;
  /** Options of an `option` line, or of the requirement. */
  readonly options: readonly RequirementOption[];
}

export interface RequirementOption {
  /** Its long name without dashes, such as `index-url`. */
  readonly name: string;
  readonly value: string | undefined;
}

/**
 * Reads the lines of one requirements file. Files that it includes are not read.
 *
 * pip and uv differ in what they accept, and both accept more than they document: abbreviated options, options of the
 * whole file after a requirement, encodings named in a comment. Only the documented form is accepted here. Everything
 * else is an error, because a line that is read in two ways could pass a check and then mean something else to the
 * installer.
 *
 * @throws FidiusError `FIDIUS_VENDOR_REQUIREMENTS`
 */
export function readRequirements(file: string): readonly RequirementLine[] {
  return joinLines(readText(file))
    .map(({ text, lineNumber }) => ({ lineNumber, text: text.replace(/(^|\s)#.*$/, '').trim() }))
    .filter(({ text }) => text !== '')
    .map(({ text, lineNumber }) => readLine(text, file, lineNumber));
}

/** A line as it can be named in a message. */
export function nameOfLine({ text, file, lineNumber }: Pick<RequirementLine, 'file' | 'lineNumber' | 'text'>): string {
  return `line ${lineNumber} of ${shown(file)}, ${JSON.stringify(text)},`;
}

function readText(file: string): string {
  try {
    return readForeignFile(file, { links: 'follow', maxBytes })
      .toString()
      .replace(/^\ufeff/, '');
  } catch (cause) {
    const message = `Cannot vendor dependencies: cannot read the requirements file ${shown(file)}: ${messageOf(cause)}`;
    throw new FidiusError('FIDIUS_VENDOR_REQUIREMENTS', message, { cause, hint: ioHint(cause) });
  }
}

/** Joins lines that end in a backslash, as pip does: a line that is only a comment ends such a sequence. */
function joinLines(content: string): { text: string; lineNumber: number }[] {
  const joined: { text: string; lineNumber: number }[] = [];
  let isContinued = false;
  for (const [index, line] of content.split(/\r\n?|\n/).entries()) {
    const isComment = /^\s*#/.test(line);
    const text = isComment ? ' #' : line.replace(/\\$/, ' ');
    const last = joined.at(-1);
    if (isContinued && last !== undefined) last.text += text;
    else joined.push({ text, lineNumber: index + 1 });
    isContinued = !isComment && line.endsWith('\\');
  }
  return joined;
}

function readLine(line: string, file: string, lineNumber: number): RequirementLine {
  const normalized = line.replace(/[ \t]+/g, ' ');
  const optionsAt = /(?:^| )-/.exec(normalized)?.index ?? normalized.length;
  const text = normalized.slice(0, optionsAt).trim();
  const place = { file, lineNumber, text: text === '' ? normalized : text };
  if (hasControls(normalized)) throw notUnderstood(place, 'contains a control character');
  const options = readOptions(normalized.slice(optionsAt).trim(), place);
  const none = { name: undefined, extras: '', target: '', marker: '' };
  if (text === '') {
    const isEditable = options.some(({ name }) => name === 'editable');
    return { ...place, ...none, kind: isEditable ? 'editable' : 'option', options };
  }
  const foreign = options.find(({ name }) => !requirementOptions.includes(name));
  if (foreign !== undefined) throw notUnderstood(place, `is followed by the option --${foreign.name}`);
  return { ...place, ...none, ...readRequirement(text), options };
}

type Requirement = Partial<RequirementLine> & Pick<RequirementLine, 'kind'>;

/** A name with extras and versions, as PEP 508 has it, without an address. */
const named = /^([a-z\d](?:[\w.-]*[a-z\d])?) ?(\[[\w\s,.-]*\])? ?(?:\(?[<>=!~][\w\s<>=!~,.*+-]*\)?)? ?(?:;(.*))?$/i;
/** pip takes these for files, whether they exist or not. */
const archive = /\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.\w+)$/i;

function readRequirement(text: string): Requirement {
  const [, name, extras = '', marker = ''] = named.exec(text) ?? [];
  if (name !== undefined && !archive.test(text)) return { kind: 'named', name, extras, marker: marker.trim() };
  // In an address a semicolon needs a space.
  const [, subject = '', condition = ''] = /^(.*?)(?: ;|; )(.*)$/.exec(text) ?? ['', text];
  const [, nameOfAddress, extrasOfName = '', address] =
    /^([a-z\d](?:[\w.-]*[a-z\d])?) ?(\[[\w\s,.-]*\])? ?@ ?(.+)$/i.exec(subject) ?? [];
  if (address !== undefined) {
    return { kind: 'direct', name: nameOfAddress, extras: extrasOfName, target: address, marker: condition.trim() };
  }
  const [, target = subject, extrasOfPath = ''] = /^(.+?)(\[[\w\s,.-]*\])$/.exec(subject) ?? [];
  return { kind: 'direct', extras: extrasOfPath, target: target.trim(), marker: condition.trim() };
}

/** Short names of options, and the older name of one. */
const optionNames: Readonly<Record<string, string>> = {
  '-c': 'constraint',
  '-e': 'editable',
  '-f': 'find-links',
  '-i': 'index-url',
  '-r': 'requirement',
  '--pypi-url': 'index-url',
};

const flags: readonly string[] = ['no-index', 'pre', 'prefer-binary', 'require-hashes'];

const valued: readonly string[] = [
  'config-setting',
  'config-settings',
  'constraint',
  'editable',
  'extra-index-url',
  'find-links',
  'global-option',
  'hash',
  'index-url',
  'install-option',
  'no-binary',
  'only-binary',
  'requirement',
  'trusted-host',
  'use-feature',
];

const requirementOptions = ['config-setting', 'config-settings', 'global-option', 'hash', 'install-option'];

type Place = Pick<RequirementLine, 'file' | 'lineNumber' | 'text'>;

function readOptions(text: string, place: Place): readonly RequirementOption[] {
  const words = [...text.matchAll(/(?:"[^"\\]*"|'[^']*'|[^\s"'\\])+|\S/g)].map(([word]) => word);
  const options: RequirementOption[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [, short, attached] = /^(-[a-z])(.*)$/s.exec(word) ?? [];
    const [, long = '', assigned] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const written = short ?? long;
    const name = optionNames[written] ?? written.slice(2);
    if (flags.includes(name) && assigned === undefined) options.push({ name, value: undefined });
    else if (valued.includes(name)) {
      const value = assigned ?? (attached || words[(index += 1)]);
      if (value === undefined) throw notUnderstood(place, `has no value for ${written}`);
      options.push({ name, value: unquote(value, place) });
    } else throw notUnderstood(place, `contains ${JSON.stringify(word)}, which is not a known option in full`);
  }
  return options;
}

function unquote(word: string, place: Place): string {
  const value = word.replace(/"([^"\\]*)"|'([^']*)'/g, (_all, double = '', single = '') => double + single);
  if (/["'\\]/.test(value)) throw notUnderstood(place, 'contains a quote or a backslash in a value');
  return value;
}

function notUnderstood(place: Place, problem: string): FidiusError {
  const message = `Cannot vendor dependencies: ${nameOfLine(place)} ${problem}`;
  return new FidiusError('FIDIUS_VENDOR_REQUIREMENTS', message, {
    hint: 'Write one requirement or option per line, with the full name of the option.',
  });
}
