import { describe, expect, it } from 'vitest';
import { installerEnvironment } from '../../../../src/packaging/vendor/install/run-command.ts';

const sources = {
  PIP_CONFIG_FILE: '/etc/my-pip.conf',
  PIP_EXTRA_INDEX_URL: 'https://extra.example.org',
  PIP_FIND_LINKS: '/links',
  PIP_INDEX_URL: 'https://example.org',
  PIP_NO_INDEX: '1',
  UV_DEFAULT_INDEX: 'https://example.org',
  UV_FIND_LINKS: '/links',
  UV_INDEX: 'https://example.org',
  UV_INDEX_PRIVATE_PASSWORD: 'secret',
};
const transport = {
  HTTPS_PROXY: 'http://proxy',
  PIP_CERT: '/ca.pem',
  PIP_DEFAULT_TIMEOUT: '180',
  PIP_PROXY: 'http://proxy',
  UV_CACHE_DIR: '/cache',
  UV_NATIVE_TLS: '1',
};
const others = {
  CONDA_PREFIX: '/conda',
  PIP_EDITABLE: './x',
  PIP_NO_BINARY: ':all:',
  PIP_REPORT: '/elsewhere',
  PIP_TARGET: '/elsewhere',
  PYTHONHOME: '/evil',
  PYTHONPATH: '/evil',
  PYTHONSTARTUP: '/evil.py',
  UV_CONFIG_FILE: '/evil.toml',
  UV_NO_BINARY: '1',
  UV_PROJECT: '/elsewhere',
  UV_TARGET: '/elsewhere',
  VIRTUAL_ENV: '/venv',
  __PYVENV_LAUNCHER__: '/evil',
};
const all = { PATH: '/bin', HOME: '/home/me', ...sources, ...transport, ...others };

describe('the environment of an installer', () => {
  it('has the settings of indexes and connections, and no other setting of pip, uv and Python', () => {
    const env = installerEnvironment(all, false);

    expect(env).toMatchObject({ PATH: '/bin', HOME: '/home/me', ...sources, ...transport });
    for (const name of Object.keys(others)) expect(env).not.toHaveProperty(name);
  });

  it('has no settings of indexes either if only a folder may be used', () => {
    const env = installerEnvironment(all, true);

    expect(env).toMatchObject({ PATH: '/bin', HOME: '/home/me', ...transport, PIP_CONFIG_FILE: expect.any(String) });
    expect(env['PIP_CONFIG_FILE']).toMatch(/^(?:\/dev\/null|nul)$/);
    const { PIP_CONFIG_FILE: _file, ...removed } = sources;
    for (const name of Object.keys({ ...removed, ...others })) expect(env).not.toHaveProperty(name);
  });

  it('overrides settings of a pip.conf that would install elsewhere', () => {
    expect(installerEnvironment({}, false)).toEqual({
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_DRY_RUN: '0',
      PIP_NO_INPUT: '1',
      PIP_REQUIRE_VIRTUALENV: '0',
      PIP_ROOT: '/',
      PIP_USER: '0',
      PYTHONDONTWRITEBYTECODE: '1',
      UV_PYTHON_DOWNLOADS: 'never',
    });
  });
});
