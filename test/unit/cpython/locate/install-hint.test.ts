import { describe, expect, it } from 'vitest';
import { installHint, sharedLibraryHint } from '../../../../src/cpython/locate/install-hint.ts';
import { staticAnswer } from '../../../support/fake-python.ts';

const releases = {
  debian: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
  ubuntu: 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n',
  fedora: 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=43\n',
  rocky: 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
  leap: 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
  arch: 'NAME="Arch Linux"\nID=arch\n',
  alpine: 'NAME="Alpine Linux"\nID=alpine\n',
  unknown: 'ID=nixos\n',
};

describe('what to install for a Python without its library', () => {
  it.each(Object.entries(releases))('on %s', (_name, release) => {
    const hint = sharedLibraryHint({ ...staticAnswer, prefix: '/usr', basePrefix: '/usr' }, release);

    expect(hint).toMatchSnapshot();
  });

  it('from pyenv, whatever the system is', () => {
    const answer = { ...staticAnswer, basePrefix: '/home/ann/.pyenv/versions/3.11.7' };

    expect(sharedLibraryHint(answer, releases.debian)).toBe(
      'Run `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force 3.11.7`.',
    );
  });

  it('that did not come with the system', () => {
    expect(sharedLibraryHint(staticAnswer, releases.debian)).toBe(
      'Build Python 3.11 with `--enable-shared`, or install one that has its library: uv, conda, your system.',
    );
  });
});

describe.runIf(process.platform === 'linux')('what to install where there is no Python', () => {
  it.each(Object.entries(releases))('on %s', (_name, release) => {
    expect(installHint(release)).toMatchSnapshot();
  });
});
