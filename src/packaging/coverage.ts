/** Build results and history. The Rust tool leaves them out of digests and archives at any depth, so both have to here. */
export const excludedFolders: readonly string[] = ['target', '.git'];

/** Whether the digest leaves out a file of this name. */
export function isSignatureName(name: string): boolean {
  return name.endsWith('.sig');
}

/**
 * What makes the digest leave out a file: the file itself, or the outermost folder that is left out as a whole, with a `/` at
 * its end. Nothing for a file that the digest covers.
 *
 * @param parts of the path below the package.
 */
export function uncoveredPart(parts: readonly string[]): string | undefined {
  const folder = parts.slice(0, -1).findIndex((part) => excludedFolders.includes(part));
  if (folder !== -1) return `${parts.slice(0, folder + 1).join('/')}/`;
  return isSignatureName(parts.at(-1) ?? '') ? parts.join('/') : undefined;
}
