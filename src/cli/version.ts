import { readFileSync } from 'node:fs';

/** Version of this package, as `package.json` says it: the same file beside `src/` and beside `dist/`. */
export function fidiusVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
