import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FidiusError } from '../../errors/fidius-error.ts';
import { normalizeName } from './distributions.ts';
import { nameOfLine, type RequirementLine, type RequirementOption, readRequirements } from './requirements.ts';

export interface PlanRules {
  /** The folder of the package: relative paths of requirements start here. */
  readonly dir: string;
  readonly constraints: string | undefined;
  /** Whether only a folder of wheels may be used. */
  readonly wheelsOnly: boolean;
  readonly allowBuild: boolean;
}

/** What an installer is to install. */
export interface RequirementPlan {
  /** The requirements of all files, in order. */
  readonly lines: readonly RequirementLine[];
  /** Text of a requirements file that says the same, without includes and relative paths. */
  readonly requirements: string;
  /** The same for constraints; empty when there are none. */
  readonly constraints: string;
  /** The hashes that the files allow for a distribution, such as `sha256:…`, by its normalized name. */
  readonly hashes: ReadonlyMap<string, ReadonlySet<string>>;
  /** The indexes that the files name, in order. */
  readonly indexes: readonly string[];
  /** Whether a file requires hashes for all requirements. */
  readonly requireHashes: boolean;
}

const maxFiles = 100;

/**
 * Reads a requirements file with all files that it includes, and rejects lines that the rules forbid.
 *
 * The installer receives the text made here, not the files. It therefore cannot read a line differently than the check
 * did, and it can run in an empty folder.
 *
 * @throws FidiusError `FIDIUS_VENDOR_BUILD`, `FIDIUS_VENDOR_REQUIREMENTS`, `FIDIUS_VENDOR_FAILED` for an editable requirement.
 */
export function planRequirements(file: string, rules: PlanRules): RequirementPlan {
  return new PlanReader(rules).read(file);
}

class PlanReader {
  readonly #rules: PlanRules;
  readonly #lines: RequirementLine[] = [];
  readonly #requirements: string[] = [];
  readonly #constraints: string[] = [];
  readonly #hashes = new Map<string, Set<string>>();
  readonly #indexes: string[] = [];
  #requireHashes = false;
  #files = 0;

  constructor(rules: PlanRules) {
    this.#rules = rules;
  }

  read(file: string): RequirementPlan {
    this.#readFile(file, 'requirement');
    if (this.#rules.constraints !== undefined) this.#readFile(this.#rules.constraints, 'constraint');
    return {
      lines: this.#lines,
      requirements: textOf(this.#requirements),
      constraints: this.#constraints.length === 0 ? '' : textOf(this.#constraints),
      hashes: this.#hashes,
      indexes: this.#indexes,
      requireHashes: this.#requireHashes,
    };
  }

  #readFile(file: string, as: 'constraint' | 'requirement'): void {
    this.#files += 1;
    if (this.#files > maxFiles) {
      const message = `Cannot vendor dependencies: the requirements include more than ${maxFiles} files; the last one is ${file}`;
      throw new FidiusError('FIDIUS_VENDOR_REQUIREMENTS', message, {
        hint: `Include at most ${maxFiles} files with \`-r\` and \`-c\`.`,
      });
    }
    const output = as === 'requirement' ? this.#requirements : this.#constraints;
    for (const line of readRequirements(file)) {
      if (line.kind === 'editable') throw editable(line);
      if (line.kind === 'option') {
        for (const option of line.options) this.#addOption(option, line, output);
        continue;
      }
      if (as === 'requirement') this.#lines.push(line);
      output.push(this.#toText(line));
      this.#addHashes(line);
    }
  }

  #addOption(option: RequirementOption, line: RequirementLine, output: string[]): void {
    const { name, value = '' } = option;
    const { wheelsOnly, allowBuild } = this.#rules;
    const isAddress = hasScheme(value);
    switch (name) {
      case 'requirement':
      case 'constraint':
        if (!isAddress) return this.#readFile(resolve(dirname(line.file), value), name);
        if (wheelsOnly) throw elsewhere(line);
        if (!allowBuild) throw building(line, 'includes a file that cannot be checked before it is used');
        break;
      case 'index-url':
      case 'extra-index-url':
      case 'find-links':
        if (wheelsOnly) throw elsewhere(line);
        if (name === 'find-links' && !isAddress) {
          output.push(`--find-links ${pathToFileURL(this.#findLinks(value, line)).href}`);
          return;
        }
        if (name !== 'find-links') this.#indexes.push(value);
        break;
      case 'no-binary':
        if (!allowBuild) throw building(line, 'requests source distributions');
        break;
      case 'only-binary':
        if (!allowBuild && value.includes(':none:')) throw building(line, 'allows source distributions');
        break;
      case 'require-hashes':
        this.#requireHashes = true;
        break;
      case 'config-setting':
      case 'config-settings':
      case 'global-option':
      case 'install-option':
      case 'hash': {
        const message = `Cannot vendor dependencies: ${nameOfLine(line)} has an option that belongs to a requirement`;
        throw new FidiusError('FIDIUS_VENDOR_REQUIREMENTS', message, {
          hint: `Write --${name} after its requirement, on the same line.`,
        });
      }
    }
    output.push(optionText(option));
  }

  /** The line in a form that means the same in every folder. */
  #toText(line: RequirementLine): string {
    const { allowBuild } = this.#rules;
    const options = line.options.map((option) => ` ${optionText(option)}`).join('');
    if (!allowBuild && line.options.some(({ name }) => name !== 'hash'))
      throw building(line, 'has options for a build');
    if (line.kind === 'named') return line.text + options;

    if (this.#rules.wheelsOnly) throw elsewhere(line);
    const { extras, target } = line;
    const marker = line.marker === '' ? '' : ` ; ${line.marker}`;
    const address = hasScheme(target) ? normalizeAddress(target) : pathToFileURL(resolve(this.#rules.dir, target)).href;
    const isWheel = isWheelAddress(address);
    if (!isWheel && !allowBuild) throw building(line, 'is not a wheel');
    const name = line.name ?? (isWheel ? nameOfWheel(address) : undefined);
    if (name !== undefined) return `${name}${extras} @ ${address}${marker}${options}`;
    // An address cannot have extras without a name.
    const isPath = extras !== '' && !hasScheme(target);
    return `${isPath ? resolve(this.#rules.dir, target) + extras : address}${marker}${options}`;
  }

  /** As pip does: next to the requirements file, otherwise in the folder that paths start from. */
  #findLinks(path: string, { file }: RequirementLine): string {
    const nextToFile = resolve(dirname(file), path);
    return statSync(nextToFile, { throwIfNoEntry: false }) === undefined ? resolve(this.#rules.dir, path) : nextToFile;
  }

  #addHashes({ name, options }: RequirementLine): void {
    const hashes = options.filter((option) => option.name === 'hash').map(({ value = '' }) => value.toLowerCase());
    if (name === undefined || hashes.length === 0) return;
    const key = normalizeName(name);
    this.#hashes.set(key, new Set([...(this.#hashes.get(key) ?? []), ...hashes]));
  }
}

/** Without the comment, pip would decode the text as the locale says. */
function textOf(lines: readonly string[]): string {
  return ['# -*- coding: utf-8 -*-', ...lines, ''].join('\n');
}

function optionText({ name, value }: RequirementOption): string {
  if (value === undefined) return `--${name}`;
  return `--${name}=${/[\s#]/.test(value) ? `"${value}"` : value}`;
}

function hasScheme(text: string): boolean {
  // One letter is a drive of Windows.
  return /^[a-z][a-z\d+.-]+:/i.test(text);
}

/** A file is named in one way only, so that the installer opens the file that was looked at. */
function normalizeAddress(address: string): string {
  return /^file:/i.test(address) && URL.canParse(address) ? new URL(address).href : address;
}

/** Whether an installer takes it for a wheel: not a folder or a repository of such a name. */
function isWheelAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (!/^(?:file|https?):$/.test(url.protocol) || !fileNameOf(url).endsWith('.whl')) return false;
  if (url.protocol !== 'file:') return true;
  try {
    return statSync(fileURLToPath(url), { throwIfNoEntry: false })?.isDirectory() !== true;
  } catch {
    return false;
  }
}

function nameOfWheel(address: string): string | undefined {
  return /^([a-z\d][\w.]*)-/i.exec(fileNameOf(new URL(address)))?.[1];
}

/** The last part of the path, decoded; empty where it cannot be decoded. */
function fileNameOf({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  } catch {
    return '';
  }
}

function building(line: RequirementLine, problem: string): FidiusError {
  const message = `Cannot vendor dependencies: ${nameOfLine(line)} ${problem}, and a build would run code of its author`;
  return new FidiusError('FIDIUS_VENDOR_BUILD', message, {
    hint: 'Require a wheel, or allow builds with `allowBuild` if you trust the authors of all requirements.',
  });
}

function elsewhere(line: RequirementLine): FidiusError {
  const message = `Cannot vendor dependencies: ${nameOfLine(line)} refers to a location outside the folder of wheels`;
  return new FidiusError('FIDIUS_VENDOR_REQUIREMENTS', message, {
    hint: 'Put the wheel into the folder and require it by name and version, or vendor without `wheels`.',
  });
}

function editable(line: RequirementLine): FidiusError {
  const message = `Cannot vendor dependencies: ${nameOfLine(line)} is editable, and would install only a link to a folder of this machine`;
  return new FidiusError('FIDIUS_VENDOR_FAILED', message, {
    hint: 'Remove `-e` from the line; a folder can be a requirement without it.',
  });
}
