import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const known = new Map<string, ReadonlySet<string>>();

/** All files that a TypeScript file imports by a relative path, directly or not; itself included. */
export function importsOf(path: string): ReadonlySet<string> {
  const before = known.get(path);
  if (before !== undefined) return before;
  const found = new Set<string>();
  const left = [path];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file) || !existsSync(file)) continue;
    found.add(file);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import)[ (]'(\.[^']+\.ts)'/g)) {
      left.push(resolve(dirname(file), name));
    }
  }
  known.set(path, found);
  return found;
}
