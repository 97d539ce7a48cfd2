import { readFileSync } from 'node:fs';
import type { ProbeAnswer } from './probe.ts';

/** Which families of Linux distributions there are, by `ID` and `ID_LIKE` of `/etc/os-release`. */
type Family = 'debian' | 'fedora' | 'suse' | 'arch' | 'alpine';

/** What to do so that an interpreter that was found gets its shared library. */
export function sharedLibraryHint(answer: ProbeAnswer, osRelease: string = readOsRelease()): string {
  const [major, minor] = answer.version.split('.');
  const short = `${major}.${minor}`;
  if (/[\\/]\.?pyenv[\\/]/.test(answer.basePrefix)) {
    return `Run \`PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force ${answer.version}\`.`;
  }
  const family = answer.basePrefix === '/usr' ? familyOf(osRelease) : undefined;
  switch (family) {
    case 'debian':
      return `Run \`apt-get install libpython${short}\`.`;
    case 'fedora':
      // By what the package provides: which package that is differs between the default Python and the others.
      return `Run \`dnf install 'libpython${short}.so.1.0()(64bit)'\`.`;
    case 'suse':
      return `Run \`zypper install libpython${major}_${minor}-1_0\`.`;
    case 'arch':
      return 'Run `pacman -S python`.';
    case 'alpine':
      return 'Run `apk add python3`.';
    case undefined:
      return `Build Python ${short} with \`--enable-shared\`, or install one that has its library: uv, conda, your system.`;
  }
}

/** What to do when there is no Python at all. */
export function installHint(osRelease: string = readOsRelease()): string {
  return `${installCommand(osRelease)}, or name an interpreter with the option \`python\` or FIDIUS_PYTHON.`;
}

function installCommand(osRelease: string): string {
  if (process.platform === 'darwin') return 'Run `brew install python`';
  switch (process.platform === 'linux' ? familyOf(osRelease) : undefined) {
    case 'debian':
      return 'Run `apt-get install python3 libpython3-dev`';
    case 'fedora':
      return 'Run `dnf install python3`';
    case 'suse':
      return 'Run `zypper install python3`';
    case 'arch':
      return 'Run `pacman -S python`';
    case 'alpine':
      return 'Run `apk add python3`';
    case undefined:
      return 'Install CPython 3.9 or newer with its shared library';
  }
}

function familyOf(osRelease: string): Family | undefined {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?=["']?([^"'\n]*)["']?$/gm)].flatMap((match) => match[1]?.split(' '));
  if (ids.includes('debian') || ids.includes('ubuntu')) return 'debian';
  if (ids.includes('fedora') || ids.includes('rhel')) return 'fedora';
  if (ids.some((id) => id?.includes('suse'))) return 'suse';
  if (ids.includes('arch')) return 'arch';
  return ids.includes('alpine') ? 'alpine' : undefined;
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
