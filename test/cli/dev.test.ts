import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { eventually } from '../support/eventually.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { fidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const source = '__interface_hash__ = 1\ndef work(text, count): return text * count\n';

function workplace(): string {
  const folder = tempFolder();
  fill(join(folder, 'demo'), { 'package.toml': pythonManifest(), 'demo.py': source });
  return folder;
}

describe('fidius dev', () => {
  it('calls the method after each change, shows what is wrong with one, and ends with Ctrl-C', async () => {
    const folder = workplace();
    const [program, ...before] = fidius;
    const child = spawn(program, [...before, 'dev', 'demo', '--call', 'work "a b" 2'], { cwd: folder });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const file = join(folder, 'demo', 'demo.py');
    await eventually(() => stdout.includes('work "a b" 2: "a ba b"'), 'the first answer');

    writeFileSync(file, source.replace('text * count', 'text.upper() * count'));
    await eventually(() => stdout.includes('work "a b" 2: "A BA B"'), 'the answer of the new code');
    writeFileSync(file, source.replace('return', 'retrn'));
    await eventually(() => stderr.includes('demo.py", line 2'), 'the error');
    const exit = once(child, 'exit');
    child.kill('SIGINT');

    expect(await exit).toEqual([130, null]);
    expect(stdout).toMatch(/^Watching demo 1\.0\.0, Python \d/);
    expect(stdout).toMatch(/\nReloaded demo in \d+ ms: demo\.py changed\n/);
    expect(stderr).toContain('error: Cannot reload demo after demo.py changed, so the old code runs on: ');
    expect(readFileSync(file, 'utf8')).toContain('retrn');
  });

  it('only checks the package without a call', async () => {
    const folder = workplace();
    const [program, ...before] = fidius;
    const child = spawn(program, [...before, 'dev', 'demo'], { cwd: folder });
    let stdout = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    await eventually(() => stdout.includes('Watching'), 'the start');

    writeFileSync(join(folder, 'demo', 'demo.py'), `${source}# changed\n`);
    await eventually(() => stdout.includes('Reloaded demo'), 'the reload');

    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exit).toEqual([143, null]);
    expect(stdout.split('\n')).toHaveLength(3);
  });

  it.each([
    ['arguments that are not JSON', 'work Ada', /--call: Ada is not JSON\n.*'greet "Ada"'/s, 2],
    ['a method that does not exist', 'wrok "a" 1', /has no method wrok.*Call work\./s, 1],
  ])('refuses %s', async (_, call, message, exitCode) => {
    const outcome = await fidiusIn(workplace(), ['dev', 'demo', '--call', call]);

    expect(outcome).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
  });
});
