import { FidiusError } from './fidius-error.ts';

/** The oldest supported version: the same as in `engines` of package.json. */
export const oldestNode = '20.19';

/**
 * The error for a Node.js that is too old; `undefined` if it is not. npm only warns about it, and it would otherwise fail later,
 * at the first function that it lacks.
 *
 * @param versions default: those of this process. Other programs that imitate Node.js are judged by what they can do.
 */
export function unsupportedNode(versions: NodeJS.ProcessVersions = process.versions): FidiusError | undefined {
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return undefined;
  const [major = 0, minor = 0] = versions.node.split('.', 2).map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split('.', 2).map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  const message = `fidius needs Node.js ${oldestNode}, this is ${versions.node}`;
  return new FidiusError('FIDIUS_NODE_UNSUPPORTED', message, {
    hint: `Install Node.js ${oldestNode} or a later version.`,
  });
}
