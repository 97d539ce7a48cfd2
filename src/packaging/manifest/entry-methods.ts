import { readForeignFile } from '../../files/open-foreign-file.ts';

const maxModuleBytes = 16 * 1024 * 1024;

/**
 * The names of the methods that the source of an entry module defines: the functions that are marked with `@method`; if there are
 * none, all functions at its top level whose names do not begin with an underscore.
 *
 * The source is only searched, not run. Functions that the module imports or creates are therefore missing.
 */
export function findMethods(source: string): readonly string[] {
  const marked: string[] = [];
  const all: string[] = [];
  let isMarked = false;
  for (const line of withoutLongTexts(source).split(/\r?\n/)) {
    if (/^@(?:\w+\.)*method\s*(?:#.*)?$/.test(line)) isMarked = true;
    const name = /^(?:async\s+)?def\s+(\w+)\s*[([]/u.exec(line)?.[1];
    if (name === undefined) continue;
    if (isMarked) marked.push(name);
    if (!name.startsWith('_')) all.push(name);
    isMarked = false;
  }
  return [...new Set(marked.length > 0 ? marked : all)];
}

/** The same for a file. @returns `undefined` if the file is not source, or cannot be read. */
export function readMethods(file: string | undefined): readonly string[] | undefined {
  if (file?.endsWith('.py') !== true) return undefined;
  try {
    return findMethods(readForeignFile(file, { links: 'follow', maxBytes: maxModuleBytes }).toString());
  } catch {
    return undefined;
  }
}

/** A text in three quotes may contain lines that look like code. */
function withoutLongTexts(source: string): string {
  return source.replaceAll(/("""|''')[^]*?\1/g, '');
}
