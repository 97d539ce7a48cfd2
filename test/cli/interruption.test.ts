import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { fidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** A folder with a package `demo` and modules that a process can be started with. */
function workplace(source: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = tempFolder();
  const manifest = { 'package.toml': pythonManifest(), 'demo.py': `__interface_hash__ = 1\n${source}` };
  fill(join(folder, 'demo'), { ...manifest, ...files });
  return folder;
}

/** Starts a command, in a process that imports a module of the folder first. */
function start(folder: string, argv: readonly string[], preloaded?: string) {
  const [program, ...before] = fidius;
  const preload = preloaded === undefined ? [] : ['--import', pathToFileURL(join(folder, preloaded)).href];
  return spawn(program, [...preload, ...before, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Sends a signal. @returns how the process ended; it is killed after a time in which it has to end by itself. */
async function endWith(child: ChildProcess, name: NodeJS.Signals) {
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  child.kill(name);
  // The bound of a wait: a process that ignores the signal would run for ever.
  const timer = setTimeout(() => child.kill('SIGUSR2'), 5000);
  const [exitCode, signal] = await exit;
  clearTimeout(timer);
  return { exitCode, signal };
}

/** A module that waits for the handlers of a signal, then writes `blocked` and occupies the JavaScript thread. */
const blocking = `
import { writeFileSync } from 'node:fs';
const timer = setInterval(() => {
  if (process.listenerCount('SIGINT') === 0) return;
  clearInterval(timer);
  writeFileSync('blocked', '');
  for (;;);
}, 1);
`;

describe.each(signals)('%s', (name, exitCode) => {
  it('ends a command while JavaScript is blocked', async () => {
    const folder = workplace('', { 'noise.bin': randomBytes(16 << 20) });
    writeFileSync(join(folder, 'blocking.mjs'), blocking);
    const child = start(folder, ['package', 'pack', 'demo'], 'blocking.mjs');
    await eventually(() => existsSync(join(folder, 'blocked')), 'the blocked thread');

    expect(await endWith(child, name)).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  it('ends a command whose module of an interface never ends', async () => {
    const folder = workplace('');
    writeFileSync(join(folder, 'endless.mjs'), `import fs from 'node:fs'; fs.writeFileSync('blocked', ''); for (;;);`);
    const child = start(folder, ['stub', 'endless.mjs']);
    await eventually(() => existsSync(join(folder, 'blocked')), 'the module');

    expect(await endWith(child, name)).toEqual({ exitCode: null, signal: name });
  });

  it.each([
    ['computes in C with the GIL', 'sum(range(10 ** 15))'],
    ['waits', '__import__("time").sleep(600)'],
  ])('ends `fidius run` while a method %s', async (_what, expression) => {
    const folder = workplace(`def spin():\n    open("called", "w").close()\n    ${expression}\n`);
    const child = start(folder, ['run', 'demo', 'spin']);
    await eventually(() => existsSync(join(folder, 'called')), 'the call');

    const { exitCode: code, signal } = await endWith(child, name);

    // With the GIL taken, Python cannot end, and the process ends by the signal or is killed.
    expect([exitCode, null]).toContain(code);
    expect([null, name, 'SIGKILL']).toContain(signal);
  });

  it('stops the Python code of `fidius run`, which cleans up', async () => {
    const source = `
def spin():
    open("called", "w").close()
    try:
        while True: pass
    finally:
        open("cleaned", "w").close()
`;
    const folder = workplace(source);
    const child = start(folder, ['run', 'demo', 'spin', '-q']);
    const messages = text(child.stderr);
    await eventually(() => existsSync(join(folder, 'called')), 'the call');

    expect(await endWith(child, name)).toEqual({ exitCode, signal: null });
    expect(await messages).toBe(`error: interrupted by ${name}\n`);
    expect(existsSync(join(folder, 'cleaned'))).toBe(true);
  });
});

describe('a folder below /proc', () => {
  it.runIf(process.platform === 'linux').each([
    ['a store', ['run', 'demo.fid', 'greet', '--store', '/proc/none/deep']],
    ['an archive', ['package', 'pack', 'demo', '--output', '/proc/none/deep/demo.fid']],
    ['a key', ['keygen', '--out', '/proc/none/deep/acme']],
    ['a project', ['init', 'interface', 'greeter', '--path', '/proc/none/deep']],
  ])('is an error as %s', async (_what, argv) => {
    const folder = workplace('');
    const packing = start(folder, ['package', 'pack', 'demo', '--output', 'demo.fid']);
    await once(packing, 'exit');
    const child = start(folder, argv);
    const messages = text(child.stderr);
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);

    expect(exitCode).toBe(1);
    expect(await messages).toContain("no such file or directory, mkdir '/proc/none'");
    expect(readdirSync(folder)).not.toContain('greeter');
  });
});
