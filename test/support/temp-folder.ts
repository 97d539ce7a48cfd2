import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const folders: string[] = [];

/** A new folder, removed after the test. `name` becomes part of its path: spaces and other scripts are welcome. */
export function tempFolder(name = 'test'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `fidius-${name}-`)));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
