import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/**
 * One paragraph about where, when and with what the figures were taken.
 *
 * @param others what else took part, each with its version.
 */
export function describeMachine(others: readonly string[] = []): string {
  const { version } = readPackage('../package.json');
  const cores = cpus();
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}:`,
    `${cores.length} × ${cores[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB,`,
    `${platform()} ${release()} ${arch()}, load average ${loadavg()[0]?.toFixed(1)} at the start;`,
    `${[`fidius ${version}`, `Node.js ${process.versions.node}`, ...others].join(', ')}.`,
  ].join('\n');
}

/** Python, and the other ways to call it. */
export function pythonAndPeers(python: string): readonly string[] {
  const script = 'import platform; print(platform.python_version())';
  const version = spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout.trim();
  const peers = Object.entries(readPackage('./package.json').optionalDependencies ?? {});
  return [`CPython ${version}`, ...peers.map((peer) => peer.join(' '))];
}

interface PackageFile {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readPackage(relative: string): PackageFile {
  return JSON.parse(readFileSync(new URL(relative, import.meta.url), 'utf8')) as PackageFile;
}
