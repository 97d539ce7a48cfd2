import { realpathSync } from 'node:fs';

/** The libpython that is loaded into this process, links resolved; `undefined` before Python is started. */
export function loadedLibpython(): string | undefined {
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
  const path = sharedObjects.find((file) => /libpython3|Python\.framework|python3\d+\.dll$/i.test(file));
  return path === undefined ? undefined : realpathSync(path);
}
