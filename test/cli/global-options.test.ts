import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import type { World } from '../support/remembered-io.ts';
import { fidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const red = '\u001B[31m';
const green = '\u001B[32m';

/** A folder with a package `demo` that loads without an interface. */
function workplace(): string {
  const folder = tempFolder();
  const source = '__interface_hash__ = 1\ndef greet(name): return name\n';
  fill(join(folder, 'demo'), { 'package.toml': pythonManifest(), 'demo.py': source });
  return folder;
}

describe('--color', () => {
  it.each<[string, readonly string[], World, boolean]>([
    ['auto on a terminal', [], { isTty: true }, true],
    ['auto without a terminal', [], {}, false],
    ['auto on a terminal without colors', [], { isTty: true, env: { TERM: 'dumb' } }, false],
    ['NO_COLOR on a terminal', [], { isTty: true, env: { NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR on a terminal', [], { isTty: true, env: { NO_COLOR: '' } }, true],
    ['FORCE_COLOR without a terminal', [], { env: { FORCE_COLOR: '1' } }, true],
    ['FORCE_COLOR=0 on a terminal', [], { isTty: true, env: { FORCE_COLOR: '0' } }, false],
    ['NO_COLOR and FORCE_COLOR', [], { isTty: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['always with NO_COLOR', ['--color', 'always'], { env: { NO_COLOR: '1' } }, true],
    ['never with FORCE_COLOR', ['--color=never'], { isTty: true, env: { FORCE_COLOR: '1' } }, false],
  ])('colors errors, or not, with %s', async (_what, options, world, expected) => {
    const { stderr } = await fidiusIn(workplace(), ['run', ...options, 'none', 'greet'], world);

    expect(stderr).toContain('none');
    expect(stderr.includes(red)).toBe(expected);
  });

  it('colors help on a terminal', async () => {
    const { stdout } = await fidiusIn(workplace(), ['doctor', '--help'], { isStdoutTty: true });
    const { stdout: plain } = await fidiusIn(workplace(), ['doctor', '--help']);

    expect(stdout).toContain(green);
    expect(stripVTControlCharacters(stdout)).toBe(plain);
  });

  it('never colors results', async () => {
    const argv = ['run', 'demo', 'greet', '"error: x"', '--color', 'always'];

    const { stdout } = await fidiusIn(workplace(), argv, { isStdoutTty: true });

    expect(stdout).toBe('"error: x"\n');
  });

  it('escapes control sequences of others next to its own', async () => {
    const { stderr } = await fidiusIn(workplace(), ['package', 'validate', 'a\u001B[2Jb', '--color', 'always']);

    expect(stderr).toContain(red);
    expect(stderr).toContain('a\\x1b[2Jb');
    expect(stderr).not.toContain('\u001B[2J');
  });

  const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
  if (!hasScript) console.warn('skipped: `script` of util-linux is not installed, so there is no terminal');
  it.runIf(hasScript)('colors errors on a real terminal, and shows no control sequences in a pipe', () => {
    const line = `${fidius.map((word) => `'${word}'`).join(' ')} doktor`;
    const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
    const options = { encoding: 'utf8', env: { ...env, TERM: 'xterm' } } as const;

    const terminal = spawnSync('script', ['-qec', line, '/dev/null'], options);
    const pipe = spawnSync('sh', ['-c', line], options);

    expect(terminal.stdout).toContain(`${red}error:`);
    expect(terminal.status).toBe(2);
    expect(pipe.stderr).toBe('error: There is no command doktor\nhint: Run `fidius doctor`.\n');
  });
});

describe('--quiet', () => {
  it('leaves out notes', async () => {
    const argv = ['run', 'demo', 'greet', '"x"'];

    expect((await fidiusIn(workplace(), argv)).stderr).toMatch(/^note: /);
    expect(await fidiusIn(workplace(), [...argv, '-q'])).toMatchObject({ exitCode: 0, stdout: '"x"\n', stderr: '' });
  });

  it('leaves out warnings and reports, and does the work', async () => {
    const folder = workplace();

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['--quiet', 'package', 'pack', 'demo']);

    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(readdirSync(folder)).toContain('demo-1.0.0.fid');
  });

  it('keeps results and errors', async () => {
    const { stdout } = await fidiusIn(workplace(), ['package', 'pack', 'demo', '-q', '--json']);
    const listed = await fidiusIn(workplace(), ['discover', '.', '-q']);
    const failed = await fidiusIn(workplace(), ['package', 'pack', 'none', '-q']);

    expect(JSON.parse(stdout)).toMatchObject({ name: 'demo' });
    expect(listed.stdout).toContain('1 package found');
    expect(failed.stderr).toMatch(/^error: /);
  });
});

describe('--verbose', () => {
  it('prints each step and the time without a terminal', async () => {
    const { stderr } = await fidiusIn(workplace(), ['package', 'pack', 'demo', '-v']);

    expect(stderr.replace(/\d+\.\d s/, '… s')).toBe(
      'Packing demo\nPacking demo: writing\nPacking demo: done in … s\n' +
        'warning: the package is not signed, so its author cannot be verified\n',
    );
  });

  it('prints the steps of a load', async () => {
    const { stderr } = await fidiusIn(workplace(), ['-v', 'run', 'demo', 'greet', '"x"']);

    expect(stderr.split('\n')).toEqual(
      expect.arrayContaining([
        'Running demo: starting Python',
        'Running demo: importing the module',
        'Running demo: calling greet()',
        expect.stringMatching(/^Running demo: done in \d+\.\d s$/),
      ]),
    );
  });
});

describe('a global option', () => {
  it.each([
    [['doctor', '-qv'], '--quiet and --verbose exclude each other\nhint: Use one of them.\n'],
    [['doctor', '--color', 'allways'], '--color takes auto, always, never, not allways\nhint: Use --color always.\n'],
    [['doctor', '--color'], '--color needs a value\nhint: Use one of auto, always, never.\n'],
    [['doctor', '--quiet=yes'], '--quiet takes no value\n'],
    [
      ['doctor', '--', '-q'],
      'fidius doctor does not take another argument: -q\nhint: Usage: fidius doctor [options]\n',
    ],
  ])('rejects %j', async (argv, message) => {
    expect(await fidiusIn(workplace(), argv)).toMatchObject({ exitCode: 2, stdout: '', stderr: `error: ${message}` });
  });
});
