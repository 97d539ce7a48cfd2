import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { interpreterBehindShim } from '../../../../src/cpython/locate/pyenv-shim.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** An installation of pyenv as far as a shim needs it, with the interpreters of two versions. */
function fakeRoot() {
  const root = join(realpathSync(tempFolder()), 'pyenv root');
  const write = (path: string, text: string, mode = 0o755) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
    chmodSync(file, mode);
    return file;
  };
  for (const version of ['3.11.7', '3.12.1']) write(`versions/${version}/bin/python3`, '#!/bin/sh\n');
  write('libexec/pyenv', '#!/bin/sh\n');
  write('pyenv.d/exec/pip-rehash.bash', '');
  write('plugins/pyenv-virtualenv/etc/pyenv.d/which/conda.bash', '');
  write('version', '# the default\n\n 3.11.7 \r\n', 0o644);
  const shim = write('shims/python3', shimText(root));
  const cwd = join(realpathSync(tempFolder()), 'a/b');
  mkdirSync(cwd, { recursive: true });
  return { root, shim, write, cwd, of: (version: string) => join(root, 'versions', version, 'bin/python3') };
}

function shimText(root: string, place = true): string {
  const shimPath = `SHIM_PATH=\${0%/*}\nif [[ $SHIM_PATH != "${root}/shims" ]]; then\n  export _PYENV_SHIM_PATH="$SHIM_PATH"\nfi\n`;
  return `#!/usr/bin/env bash\nset -e\n[ -n "$PYENV_DEBUG" ] && set -x\n\nprogram="\${0##*/}"\n\nexport PYENV_ROOT="${root}"\n${place ? shimPath : ''}exec "${root}/libexec/pyenv" exec "$program" "$@"\n`;
}

describe('a shim of pyenv', () => {
  it('stands for the interpreter of the default version', () => {
    const { shim, cwd, of } = fakeRoot();

    expect(interpreterBehindShim(shim, { cwd, env: {} })).toBe(of('3.11.7'));
  });

  it('stands for the version in PYENV_VERSION, then in .python-version of the folder or above it', () => {
    const { shim, cwd, of } = fakeRoot();

    writeFileSync(join(dirname(cwd), '.python-version'), '3.12.1\n');
    expect(interpreterBehindShim(shim, { cwd, env: {} })).toBe(of('3.12.1'));
    expect(interpreterBehindShim(shim, { cwd, env: { PYENV_VERSION: '3.11.7' } })).toBe(of('3.11.7'));
  });

  it('looks above the folder that PWD names, if that is a link to the working folder', () => {
    const { shim, cwd, of } = fakeRoot();
    const above = realpathSync(tempFolder());
    symlinkSync(cwd, join(above, 'link'));
    writeFileSync(join(above, '.python-version'), '3.12.1\n');

    expect(interpreterBehindShim(shim, { cwd, env: { PWD: join(above, 'link') } })).toBe(of('3.12.1'));
    expect(interpreterBehindShim(shim, { cwd, env: { PWD: above } })).toBe(of('3.11.7'));
  });

  it('is also understood as older versions of pyenv wrote it', () => {
    const { root, shim, write, cwd, of } = fakeRoot();
    write('shims/python3', shimText(root, false));

    expect(interpreterBehindShim(shim, { cwd, env: {} })).toBe(of('3.11.7'));
  });

  type Root = ReturnType<typeof fakeRoot>;
  it.each<[string, (root: Root) => NodeJS.ProcessEnv | void]>([
    ['another folder is named', () => ({ PYENV_DIR: '/' })],
    ['hooks are named', () => ({ PYENV_HOOK_PATH: '/hooks' })],
    ['several versions are selected', ({ write }) => void write('version', '3.11.7\n3.12.1\n')],
    ['the version is that of the system', () => ({ PYENV_VERSION: 'system' })],
    ['the version is a prefix', () => ({ PYENV_VERSION: '3.11' })],
    ['the version is a list', () => ({ PYENV_VERSION: '3.11.7:3.12.1' })],
    ['the version leads elsewhere', () => ({ PYENV_VERSION: '../versions/3.11.7' })],
    ['no version is selected', ({ write }) => void write('version', '\n')],
    ['the version lacks the program', ({ root }) => chmodSync(join(root, 'versions/3.11.7/bin/python3'), 0o644)],
    ['a hook selects the version', ({ write }) => void write('pyenv.d/version-name/x.bash', '')],
    ['a hook of a plugin does', ({ write }) => void write('plugins/p/etc/pyenv.d/version-name/x.bash', '')],
    ['a hook selects the program', ({ write }) => void write('plugins/p/etc/pyenv.d/which/x.bash', '')],
    ['a hook runs before the program', ({ write }) => void write('pyenv.d/exec/x.bash', '')],
    ['it does something else', ({ root, write }) => void write('shims/python3', `${shimText(root)}echo\n`)],
    ['its root is not plain text', ({ write }) => void write('shims/python3', shimText('$HOME/.pyenv'))],
    ['pyenv is not there', ({ write }) => void write('shims/python3', shimText('/nowhere'))],
  ])('is asked where %s', (_what, change) => {
    const made = fakeRoot();
    const env = change(made) ?? {};

    expect(interpreterBehindShim(made.shim, { cwd: made.cwd, env })).toBeUndefined();
  });

  it('is no other file', () => {
    const { cwd, of } = fakeRoot();

    expect(interpreterBehindShim(of('3.11.7'), { cwd, env: {} })).toBeUndefined();
    expect(interpreterBehindShim(process.execPath, { cwd, env: {} })).toBeUndefined();
    expect(interpreterBehindShim(join(cwd, 'nothing'), { cwd, env: {} })).toBeUndefined();
  });
});

const realRoot = process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv');
const realShim = join(realRoot, 'shims/python3');
const hasPyenv = existsSync(realShim) && readFileSync(realShim, 'utf8').includes('pyenv');
if (!hasPyenv) console.log('skipped: this machine has no pyenv to compare with');

it.runIf(hasPyenv)('stands for the interpreter that pyenv itself runs', () => {
  const ask = (version: string | undefined) => {
    const env = { ...process.env, PYENV_VERSION: version };
    const cwd = tempFolder();
    const script = 'import os, sys; print(os.path.realpath(sys.executable))';
    const answer = execFileSync(realShim, ['-c', script], { cwd, env, encoding: 'utf8' }).trim();
    const found = interpreterBehindShim(realShim, { cwd, env });
    return [found === undefined ? undefined : realpathSync(found), answer];
  };
  const [byDefault, answerByDefault] = ask(undefined);
  const version = basename(dirname(dirname(answerByDefault ?? '')));
  const [named, answerNamed] = ask(version);

  // The default may be a list or a prefix, which pyenv decides; the exact name of a version never is.
  expect([answerByDefault, undefined]).toContain(byDefault);
  expect(named).toBe(answerNamed);
});
