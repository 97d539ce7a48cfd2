import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandNames, fidiusIn } from '../support/cli-here.ts';
import { fill } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** For each shell a program that loads `script` and prints what it offers for the words of a line, one in a line. */
const askers: Readonly<Record<string, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) => [
    'bash',
    '--norc',
    '-c',
    `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fidius; ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"`,
    '-',
    ...words,
  ],
  // Without a terminal zsh has no completion system; what the script calls of it is put in its place.
  zsh: (script, words) => [
    'zsh',
    '-f',
    '-c',
    `compdef() { }; _files() { }; _describe() { for each in \${(P)2}; do [[ $each == $PREFIX* ]] && print -r -- \${each%%:*}; done }
${script}
words=("$@"); CURRENT=$#; PREFIX=\${@[-1]}; _fidius`,
    '-',
    ...words,
  ],
  fish: (script, words) => ['fish', '--no-config', '-c', `${script}\ncomplete -C '${words.join(' ')}'`],
};

const shells = Object.keys(askers).filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

describe.each(shells)('fidius completion %s', (shell) => {
  let script = '';
  beforeAll(async () => {
    script = (await fidiusIn(import.meta.dirname, ['completion', shell])).stdout;
  });

  /** What is offered, files aside. */
  function offers(...words: readonly string[]): string[] {
    const [program = '', ...argv] = askers[shell]?.(script, ['fidius', ...words]) ?? [];
    const empty = tempFolder();
    const { stdout, stderr } = spawnSync(program, argv, {
      encoding: 'utf8',
      cwd: empty,
      env: { PATH: process.env['PATH'], HOME: empty },
    });
    expect(stderr).toBe('');
    return stdout
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter((line) => line !== '')
      .sort();
  }

  it('offers the commands', async () => {
    const firstWords = (await commandNames()).map((name) => name.split(' ')[0]);

    expect(offers('')).toEqual(expect.arrayContaining(firstWords));
    expect(offers('do')).toEqual(['doctor']);
    expect(offers('--v')).toEqual(['--verbose', '--version']);
  });

  it('offers only the commands of a group after its name', () => {
    expect(offers('package', 'si')).toEqual(['sign']);
    expect(offers('init', '')).toEqual(['app', 'host', 'interface', 'plugin']);
    expect(offers('keygen', 'si')).toEqual([]);
  });

  it('offers the options of a command', () => {
    expect(offers('package', 'sign', 'demo', '--')).toEqual([
      '--byte-code',
      '--color',
      '--help',
      '--json',
      '--key',
      '--quiet',
      '--verbose',
    ]);
    expect(offers('keygen', '--f')).toEqual(['--force']);
    expect(offers('run', 'demo', 'greet', '--raw', '--int')).toEqual(['--interface']);
  });

  it('offers the values of an option or argument with choices', () => {
    expect(offers('package', 'sign', 'demo', '--byte-code', '')).toEqual(['keep', 'refuse', 'remove']);
    expect(offers('completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(offers('doctor', '--color', '')).toEqual(['always', 'auto', 'never']);
  });
});

describe('fidius completion bash', () => {
  /** What bash offers after `npx` and these words, with what its configuration defined before. */
  async function afterNpx(words: readonly string[], before = '') {
    const { stdout: script } = await fidiusIn(import.meta.dirname, ['completion', 'bash']);
    const ask = `COMP_WORDS=(npx "$@"); COMP_CWORD=$#; $(complete -p npx | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${before}\n${script}\n${ask}`, '-', ...words], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trim();
  }

  it('completes npx fidius, and no other program of npx', async () => {
    expect(await afterNpx(['fidius', 'package', 'si'])).toBe('sign');
    expect(await afterNpx(['fidius', 'doctor', '--js'])).toBe('--json');
    expect(await afterNpx(['other', 'package', 'si'])).toBe('');
    expect(await afterNpx(['fid'])).toBe('');
  });

  it('keeps a completion of npx that is already there', async () => {
    const own = '_own() { COMPREPLY=(mine); }; complete -F _own npx';

    expect(await afterNpx(['fidius', 'package', 'si'], own)).toBe('mine');
  });

  it('lets bash complete file names', async () => {
    const folder = tempFolder();
    fill(folder, { 'demo/package.toml': '' });
    const { stdout: script } = await fidiusIn(import.meta.dirname, ['completion', 'bash']);

    const { stdout } = spawnSync('bash', ['--norc', '-c', `${script}\ncomplete -p fidius`], {
      encoding: 'utf8',
      cwd: join(folder),
    });

    expect(stdout).toBe('complete -o default -F _fidius fidius\n');
  });
});

describe('fidius completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { exitCode, stdout, stderr } = await fidiusIn(import.meta.dirname, ['completion', shell]);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchSnapshot();
  });

  it.each([['powershell'], ['toString']])('rejects %s', async (shell) => {
    const { exitCode, stderr } = await fidiusIn(import.meta.dirname, ['completion', shell]);

    expect(exitCode).toBe(2);
    expect(stderr).toBe(`error: fidius completion does not support ${shell}\nhint: Use one of bash, zsh, fish.\n`);
  });
});
