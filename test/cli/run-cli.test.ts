import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { commandNames, fidiusIn } from '../support/cli-here.ts';
import { readSource, sourceFiles } from '../support/imports.ts';
import { fidius, runFidius } from '../support/run-fidius.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const names = await commandNames();

async function run(...argv: string[]) {
  const { exitCode, stdout, stderr } = await fidiusIn(import.meta.dirname, argv);
  return { exitCode, stdout, stderr };
}

describe('fidius', () => {
  it.each([['--help'], ['-h'], ['help']])('lists all commands for %s', async (argument) => {
    const { exitCode, stdout, stderr } = await run(argument);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Usage: fidius <command> \[options\]\n\nLoad Python plugins into Node\.js\.\n\nCommands:\n/,
    );
    expect(names).toContain('package verify');
    for (const name of names) expect(stdout).toContain(`\n  ${name} `);
  });

  it('prints the same to standard error without a command, and exits with 2', async () => {
    const { stdout: help } = await run('--help');

    expect(await run()).toEqual({ exitCode: 2, stdout: '', stderr: help });
  });

  it.each([['--version'], ['-V']])('prints its version for %s', async (argument) => {
    expect(await run(argument)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['doktor'], 'error: There is no command doktor\nhint: Run `fidius doctor`.\n'],
    [['frobnicate'], 'error: There is no command frobnicate\nhint: Run `fidius --help` to see all commands.\n'],
    [['pack', 'demo'], 'error: There is no command pack\nhint: Run `fidius package pack`.\n'],
    [['pak', 'demo'], 'error: There is no command pak\nhint: Run `fidius package pack`.\n'],
    [['list'], 'error: There is no command list\nhint: Run `fidius package list` or `fidius store list`.\n'],
    [['host', 'x'], 'error: There is no command host\nhint: Run `fidius init host`.\n'],
    [['pakage', 'list'], 'error: There is no command pakage\nhint: Run `fidius package list`.\n'],
    [['pakage'], 'error: There is no command pakage\nhint: Run `fidius package`.\n'],
    [['package', 'lst'], 'error: There is no command package lst\nhint: Run `fidius package list`.\n'],
    [['help', 'doctr'], 'error: There is no command doctr\nhint: Run `fidius doctor`.\n'],
    [
      ['sign', 'lib.so', '--key', 'k'],
      'error: There is no command sign\nhint: Run `fidius package sign`: this tool signs packages, not compiled libraries.\n',
    ],
    [
      ['verify'],
      'error: There is no command verify\nhint: Run `fidius package verify`: this tool verifies packages, not compiled libraries.\n',
    ],
    [
      ['inspect', 'lib.so'],
      'error: There is no command inspect\nhint: Run `fidius package inspect`: this tool reads packages, not compiled libraries.\n',
    ],
    [['python-stub', '--interface', 'x.rs'], 'error: There is no command python-stub\nhint: Run `fidius stub`.\n'],
    [['init-interface', 'x'], 'error: There is no command init-interface\nhint: Run `fidius init interface`.\n'],
    [['init-plugin'], 'error: There is no command init-plugin\nhint: Run `fidius init plugin`.\n'],
    [['init-host'], 'error: There is no command init-host\nhint: Run `fidius init host`.\n'],
    [['test', 'dir'], 'error: There is no command test\nhint: Run `fidius run <package> <method>` to call a method.\n'],
    [
      ['wit'],
      'error: There is no command wit\nhint: This tool does not support loading WebAssembly components or writing WIT yet.\n',
    ],
    [
      ['package', 'build', 'dir'],
      'error: There is no command package build\nhint: Build a Rust library with cargo, and pack the result with `fidius package pack`.\n',
    ],
    [['package', 'help', 'pck'], 'error: There is no command package pck\nhint: Run `fidius package pack`.\n'],
    [['doctor', '--quite'], 'error: fidius doctor has no option --quite\nhint: Use --quiet.\n'],
    [['--jsn'], 'error: There is no option --jsn before the command\nhint: Run `fidius --help`.\n'],
    [['doctor', '--jsn'], 'error: fidius doctor has no option --jsn\nhint: Use --json.\n'],
    [['doctor', '-x'], 'error: fidius doctor has no option -x\nhint: Usage: fidius doctor [options]\n'],
    [
      ['doctor', '--python'],
      'error: fidius doctor needs a value after --python\nhint: Usage: fidius doctor [options]\n',
    ],
    [
      ['doctor', '--python', ''],
      'error: fidius doctor needs a value after --python\nhint: Usage: fidius doctor [options]\n',
    ],
    [
      ['package', 'verify', 'demo', '--key', 'a', '--key', ''],
      'error: fidius package verify needs a value after --key\nhint: Usage: fidius package verify <package> --key <file> [options]\n',
    ],
    [
      ['package', 'validate', ''],
      'error: fidius package validate needs <dir>\nhint: Usage: fidius package validate <dir> [options]\n',
    ],
    [['doctor', '--json=yes'], 'error: fidius doctor takes no value: --json\nhint: Usage: fidius doctor [options]\n'],
    [
      ['doctor', 'me'],
      'error: fidius doctor does not take another argument: me\nhint: Usage: fidius doctor [options]\n',
    ],
  ])('rejects %j', async (argv, stderr) => {
    expect(await run(...argv)).toEqual({ exitCode: 2, stdout: '', stderr });
  });

  it('prints the help of a group and of its commands for help before and after the name', async () => {
    const group = await run('package', '--help');
    const command = await run('package', 'pack', '--help');

    expect(group.stdout).toContain('Usage: fidius package <command>');
    expect(await run('help', 'package')).toEqual(group);
    expect(await run('package', 'help')).toEqual(group);
    expect(command.stdout).toContain('Usage: fidius package pack <dir>');
    expect(await run('package', 'help', 'pack')).toEqual(command);
    expect(await run('help', 'package', 'pack')).toEqual(command);
  });

  it('ignores --help after --', async () => {
    const { exitCode, stderr } = await run('doctor', '--', '--help');

    expect(exitCode).toBe(2);
    expect(stderr).toContain('does not take another argument: --help');
  });
});

describe.each(names)('fidius %s', (name) => {
  it('has usage and examples that start with its name, and a summary', async () => {
    const { stdout } = await run('help', ...name.split(' '));

    const [, usage, summary, examples = ''] = /^Usage: (.*)\n\n(.*)\n\n[^]*\nExamples:\n([^]*)$/.exec(stdout) ?? [];
    const startsWithName = new RegExp(`^fidius ${name}( |$)`);
    expect(usage).toMatch(startsWithName);
    expect(summary).toMatch(/^[A-Z].*[^.]\.$/);
    expect(examples).not.toBe('');
    for (const example of examples.trimEnd().split('\n')) expect(example.trim()).toMatch(startsWithName);
  });

  it('prints the same help for --help, -h and help', async () => {
    const { exitCode, stdout, stderr } = await run(...name.split(' '), '--help');

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchSnapshot();
    expect(await run(...name.split(' '), '-h')).toEqual({ exitCode, stdout, stderr });
    expect(await run('help', ...name.split(' '))).toEqual({ exitCode, stdout, stderr });
  });
});

describe('fidius --help', () => {
  it('imports nothing but src/cli and src/errors before a command runs', () => {
    const files = sourceFiles().filter((file) => file.startsWith('cli/'));

    const early = files.flatMap((file) =>
      [...readSource(file).matchAll(/^import (?!type )[^;]* from '(\.[^']+)'/gm)]
        .map(([, target = '']) => new URL(target, `file:///${file}`).pathname.slice(1))
        .filter((target) => !/^(?:cli|errors)\//.test(target))
        .map((target) => ({ file, target })),
    );

    expect(files.length).toBeGreaterThan(5);
    expect(early).toEqual([]);
  });
});

describe('the program', () => {
  it('runs in a process, with the exit code of the command', () => {
    expect(runFidius(['--version'])).toEqual({ exitCode: 0, signal: null, stdout: `${version}\n`, stderr: '' });
    expect(runFidius(['doktor'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('exits without an error when the reader closes the pipe, as with `| head`', async () => {
    const [program, ...before] = fidius;
    const child = spawn(program, [...before, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const complaints = text(child.stderr);

    const [exitCode] = (await once(child, 'exit')) as [number];

    expect({ exitCode, stderr: await complaints }).toEqual({ exitCode: 0, stderr: '' });
  });
});
