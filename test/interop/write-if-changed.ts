import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Leaves a file alone that has this text already, as cargo compiles again what has a new time. */
export function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(path, text);
}
