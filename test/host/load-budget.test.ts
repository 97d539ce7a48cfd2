import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostLoadOptions, type HostOptions, LoadTimeoutError, PluginHost } from '../../src/index.ts';
import { SecretKey, signPackage } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writeGreeter, writePlugin } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));

/** What loading from a search path ends with, in a host with a store of its own. */
async function failedLoad(searchPath: string, host: HostOptions, load: HostLoadOptions = {}) {
  const storeDir = join(tempFolder('store'), 'packages');
  await using opened = await PluginHost.open({ searchPaths: [searchPath], storeDir, executor: 'inline', ...host });
  const error = await failureOf(() => opened.load('greeter', Greeter, load));
  return { error, stored: existsSync(join(storeDir, 'content')) ? readdirSync(join(storeDir, 'content')) : [] };
}

/** A signed package that takes a while to read: its largest file is 300 MB of nothing. */
async function writeLargePackage(): Promise<{ readonly searchPath: string; readonly path: string }> {
  const searchPath = tempFolder('large');
  const path = writeGreeter(searchPath, 'greeter');
  writeFileSync(join(path, 'data.bin'), '');
  truncateSync(join(path, 'data.bin'), 300_000_000);
  await signPackage(path, { key });
  return { searchPath, path };
}

describe('loadTimeoutMs', () => {
  it('bounds the search for packages', async () => {
    const searchPath = tempFolder();
    for (let each = 0; each < 500; each += 1) writeGreeter(searchPath, `neighbour-${each}`);
    writeGreeter(searchPath, 'greeter');

    const { error } = await failedLoad(searchPath, {}, { loadTimeoutMs: 1 });

    expect(error).toBeInstanceOf(LoadTimeoutError);
    expect(error).toMatchObject({
      phase: 'discovery',
      timeoutMs: 1,
      message: 'Loading greeter timed out after 1 ms, while the search paths were read',
      hint: 'Name search paths with fewer packages, or allow more time with `loadTimeoutMs`.',
    });
  });

  it('bounds the verification of a package, and leaves nothing in the store', async () => {
    const { searchPath, path } = await writeLargePackage();

    const { error, stored } = await failedLoad(searchPath, { trustedKeys: [key.publicKey], loadTimeoutMs: 100 });

    expect(error).toMatchObject({
      code: 'FIDIUS_LOAD_TIMEOUT',
      phase: 'verification',
      message: `Loading greeter from ${path} timed out after 100 ms, while the package was verified, unpacked or stored`,
    });
    expect(stored).toEqual([]);
  });

  it('bounds the start of Python', async () => {
    const python = embeddablePythons().at(-1)?.executable ?? 'python3';
    const venv = join(tempFolder(), 'venv');
    execFileSync(python, ['-I', '-m', 'venv', '--without-pip', venv]);
    const site = execFileSync(join(venv, 'bin/python'), ['-c', 'import site; print(site.getsitepackages()[0])']);
    writeFileSync(join(site.toString().trim(), 'slow.pth'), 'import time; time.sleep(1.5)\n');
    const searchPath = tempFolder();
    writeGreeter(searchPath, 'greeter');
    const options = { searchPaths: [searchPath], python: venv, loadTimeoutMs: 1500 };

    const { stdout } = await outputOf('isolation.ts', { args: [JSON.stringify([{ name: 'greeter', options }])] });

    expect(JSON.parse(stdout)).toMatchObject({
      code: 'FIDIUS_LOAD_TIMEOUT',
      message: expect.stringContaining('timed out after 1500 ms, while Python was started'),
    });
  });

  it('is one budget: an import that hangs is told the time of the whole load', async () => {
    const searchPath = tempFolder();
    writePlugin(searchPath, 'greeter', Greeter, 'while True: pass');

    // Enough for Python to start on a busy machine.
    const { error } = await failedLoad(searchPath, { executor: 'thread', loadTimeoutMs: 5000 });

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_TIMEOUT', phase: 'import', timeoutMs: 5000 });
    expect(error.message).toContain('timed out after 5000 ms, in <module> at ');
  });
});

describe('the signal of a load', () => {
  it('ends the search for packages', async () => {
    const searchPath = tempFolder();
    for (let each = 0; each < 1500; each += 1) writeGreeter(searchPath, `neighbour-${each}`);
    await using host = await PluginHost.open({ searchPaths: [searchPath] });
    const controller = new AbortController();
    // The search rests every few milliseconds, for one turn of the event loop. All of it takes dozens of them.
    let turns = 0;
    let counting = setImmediate(function count() {
      turns += 1;
      controller.abort('enough');
      counting = setImmediate(count);
    });

    const error = await failureOf(() => host.load('greeter', Greeter, { signal: controller.signal }));
    clearImmediate(counting);

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_ABORTED', cause: 'enough' });
    expect(turns).toBeLessThan(5);
  });

  it('ends the verification of a package', async () => {
    const { searchPath } = await writeLargePackage();
    const controller = new AbortController();
    // The verification of this package takes longer than that, and has no event.
    const timer = setTimeout(() => controller.abort('enough'), 100);

    const trusted = { trustedKeys: [key.publicKey] };
    const { error, stored } = await failedLoad(searchPath, trusted, { signal: controller.signal });
    clearTimeout(timer);

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_ABORTED', cause: 'enough' });
    expect(stored).toEqual([]);
  });
});
