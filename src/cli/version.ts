import { readFileSync } from 'node:fs';

/** The version of this package in `package.json`, which is in the parent folder of both `src/` and `dist/`. */
export function fidiusVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
