import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { closest } from '../../errors/closest.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import type { Discovery, SkippedPackage } from '../../packaging/discover-packages.ts';
import { manifestFileName } from '../../packaging/manifest/manifest-text.ts';

/** A search path as it was searched, and as the program gave it. */
export interface SearchPath {
  /** The absolute path. */
  readonly path: string;
  /** What the program passed, if that is a relative path. */
  readonly given?: string | undefined;
  /** The working folder that the relative path was resolved with. */
  readonly workingFolder?: string | undefined;
}

/** The most names, and the most skipped packages, that the message lists. */
const mostListed = 20;

/**
 * The error for a name that no package has: what was searched, what is there, and what to do. A package of that name that
 * cannot be read has the code of its own error.
 *
 * @param searchPaths all search paths of the host.
 */
export function packageNotFound(discovery: Discovery, searchPaths: readonly SearchPath[], name: string): FidiusError {
  const hint = adviceFor(discovery, searchPaths, name);
  if (searchPaths.length === 0) {
    return new FidiusError('FIDIUS_PLUGIN_NOT_FOUND', `No package named ${name}: the host has no search path`, {
      hint,
    });
  }
  const { skipped, packages } = discovery;
  const broken = skipped.find(({ path }) => isNamedLike(relative(dirname(path), path), name));
  const isNear = packages.some(({ path }) => relative(dirname(path), path) === name);
  if (broken !== undefined && isFidiusError(broken.reason) && !isNear) {
    const { reason } = broken;
    return new FidiusError(reason.code, `Cannot load ${name}: ${broken.path} was skipped: ${reason.message}`, {
      cause: reason,
      hint: reason.hint ?? `Fix the package in ${broken.path}.`,
    });
  }
  const lines = [
    `No package named ${name} in the search paths of the host`,
    ...searchPaths.map((searchPath) => `  ${describeSearchPath(searchPath, discovery)}`),
    ...skipped.slice(0, mostListed).map((each) => `  skipped ${describeSkipped(each)}`),
    ...(skipped.length > mostListed ? [`  and ${skipped.length - mostListed} more were skipped`] : []),
  ];
  return new FidiusError('FIDIUS_PLUGIN_NOT_FOUND', lines.join('\n'), { hint });
}

function describeSearchPath({ path, given, workingFolder }: SearchPath, { packages, skipped }: Discovery): string {
  const origin = given === undefined ? '' : ` ("${given}" in the working folder ${workingFolder})`;
  const place = `${path}${origin}`;
  if (skipped.some((each) => each.path === path)) return `${place}: cannot be listed`;
  if (!existsSync(path)) return `${place}: does not exist`;
  const names = [...new Set(packages.filter((each) => dirname(each.path) === path).map((each) => each.manifest.name))];
  if (names.length > 0) return `${place}: has ${listNames(names)}`;
  if (existsSync(join(path, manifestFileName))) return `${place}: is itself a package, and has no package in it`;
  return `${place}: has no package`;
}

function listNames(names: readonly string[]): string {
  const listed = names.slice(0, mostListed).map((name) => shown(name));
  const more = names.length - listed.length;
  return more === 0 ? listed.join(', ') : `${listed.join(', ')} and ${more} more`;
}

/** The first problem is on the lines after the first one, where there are several. */
function describeSkipped({ path, reason }: SkippedPackage): string {
  const [first, second] = reason.message.split('\n', 2);
  return `${path}: ${first}${second === undefined ? '' : `: ${second.trim()}`}`;
}

function adviceFor({ packages, skipped }: Discovery, searchPaths: readonly SearchPath[], name: string): string {
  if (searchPaths.length === 0) return 'Open the host with `searchPaths`: the folders that contain packages.';
  const named = packages.find(({ path }) => relative(dirname(path), path) === name);
  if (named !== undefined)
    return `Load "${named.manifest.name}": that is the name in ${join(named.path, manifestFileName)}.`;
  const near = closest(
    name,
    packages.map(({ manifest }) => manifest.name),
  );
  if (near !== undefined) return `Load "${near}".`;
  const broken = skipped.find(({ path }) => isNamedLike(relative(dirname(path), path), name));
  if (broken !== undefined) return `Fix the package in ${broken.path}.`;
  const parent = searchPaths.find(({ path }) => existsSync(join(path, manifestFileName)));
  if (parent !== undefined) return `Pass the folder that contains the package as search path: ${dirname(parent.path)}.`;
  const relativePath = searchPaths.find(({ path, given }) => given !== undefined && !existsSync(path));
  if (relativePath !== undefined) return 'Pass search paths as absolute paths, made with `import.meta.dirname`.';
  const missing = searchPaths.find(({ path }) => !existsSync(path));
  if (missing !== undefined)
    return `Correct the search path ${missing.path}, or create it and put the package into it.`;
  // Nothing else explains it: what was skipped may be the package.
  const [first] = skipped;
  if (packages.length === 0 && first !== undefined) return hintOf(first) ?? `Fix ${first.path}.`;
  return 'Put the package into a search path, or add the folder that contains it to `searchPaths`.';
}

/** Whether an entry of a search path is a folder of that name, or an archive of the package, such as `greeter-1.0.0.fid`. */
function isNamedLike(entry: string, name: string): boolean {
  return entry === name || (entry.endsWith('.fid') && (entry === `${name}.fid` || entry.startsWith(`${name}-`)));
}

function hintOf({ reason }: SkippedPackage): string | undefined {
  return isFidiusError(reason) ? reason.hint : undefined;
}
