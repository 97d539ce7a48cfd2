import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { fidiusVersion } from '../help.ts';
import { UsageError } from '../parse-arguments.ts';

/** The text of each file, by its name. */
export type ProjectFiles = Readonly<Record<string, string>>;

/**
 * Writes a new folder completely or not at all.
 *
 * @throws FidiusError `FIDIUS_CLI_OUTPUT` if it already exists, or cannot be written.
 */
export async function writeProject(folder: string, files: ProjectFiles): Promise<void> {
  if (existsSync(folder)) {
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${folder}: it already exists`, {
      hint: 'Choose another name, or another folder with --path.',
    });
  }
  await writeFiles(folder, files);
}

/**
 * Writes files into an existing folder completely or not at all. Other files in it are kept.
 *
 * @throws FidiusError `FIDIUS_CLI_OUTPUT` if one of the files already exists, or cannot be written.
 */
export async function writeIntoFolder(folder: string, files: ProjectFiles): Promise<void> {
  const [first, ...others] = Object.keys(files).filter((path) => existsSync(join(folder, path)));
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write into ${folder}: ${first}${more} already exists`, {
      hint: 'Use an empty folder, or give the name of a new one: `fidius init app <name>`.',
    });
  }
  await writeFiles(folder, files);
}

async function writeFiles(folder: string, files: ProjectFiles): Promise<void> {
  const { makeFolders } = await import('../../packaging/files/make-folders.ts');
  const made: string[] = [];
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = join(folder, path);
      const parent = makeFolders(dirname(file));
      if (parent !== undefined) made.push(parent);
      writeFileSync(file, text, { flag: 'wx' });
      made.push(file);
    }
  } catch (cause) {
    for (const path of made) rmSync(path, { recursive: true, force: true });
    const reason = messageOf(cause);
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot write ${folder}: ${reason}`, { cause, hint: ioHint(cause) });
  }
}

/** The folder of a new project: `path` or the current folder, and the name of the project. */
export function projectFolder(name: string, path: string | undefined, cwd: string): string {
  // The name is used for a folder, an npm package, a plugin, and as a part of module names.
  if (!/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/i.test(name)) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(name)} as a name`,
      'Use letters, digits, and single - or _ between them, starting with a letter.',
    );
  }
  return resolve(cwd, path ?? '.', name);
}

/** Makes the name of a folder a name of an npm package. */
export function toPackageName(folder: string): string {
  const name = folder.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return name.replaceAll(/^-|-$/g, '') || 'app';
}

/** Converts `my-greeter` to the name of an interface: `MyGreeter`. */
export function toInterfaceName(name: string): string {
  return name
    .split(/[-_]/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** The files that make a folder of TypeScript an npm package. */
export function npmFiles(
  name: string,
  more: { readonly [field: string]: unknown },
  include: readonly string[] = ['*.ts'],
): ProjectFiles {
  const dependencies = { fidius: `^${fidiusVersion()}` };
  const devDependencies = { '@types/node': '>=20', tsx: '^4.20.0', typescript: '>=5.8' };
  const packageName = name.toLowerCase();
  // npm does not install a package into itself.
  const isTaken = packageName in dependencies || packageName in devDependencies;
  const manifest = {
    name: isTaken ? `${packageName}-project` : packageName,
    version: '0.1.0',
    private: true,
    type: 'module',
    ...more,
    dependencies,
    devDependencies,
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify({ compilerOptions, include }, null, 2)}\n`,
  };
}

/**
 * The steps that install this library for a folder. There are none if the folder can already import it.
 *
 * Interface and host must import the same copy, because the types of another copy are incompatible. Therefore the library
 * is installed in the parent folder of both.
 */
export function installSteps(folder: string): readonly string[] {
  try {
    createRequire(join(folder, 'package.json')).resolve('fidius/package.json');
    return [];
  } catch {
    return ['npm install fidius tsx'];
  }
}

/** One line for each step, numbered if there are several. */
export function stepsText(steps: readonly string[]): string {
  const [only, another] = steps;
  if (another === undefined) return `Next: ${only}\n`;
  return `Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`;
}

const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};
