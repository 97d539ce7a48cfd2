import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PluginHost } from '../../src/index.ts';
import {
  discoverPackages,
  PackageStore,
  digestPackage,
  packPackage,
  readArchiveManifest,
  SecretKey,
  signPackage,
  unpackPackage,
  vendorDependencies,
  verifyPackage,
} from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter, writePlugin } from '../support/plugin-folders.ts';
import { Talker, talkerLines } from '../support/talker.ts';

/** A signal as a test environment or a polyfill has it: the parts of the standard that all have, and another prototype. */
function foreignSignal(aborted: boolean): AbortSignal {
  const target = new EventTarget();
  return {
    aborted,
    reason: aborted ? reason : undefined,
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    dispatchEvent: target.dispatchEvent.bind(target),
  } as unknown as AbortSignal;
}

const reason = new Error('the reason of the signal');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-signals-')));
const key = SecretKey.generate();
const dir = writeGreeter(join(folder, 'plugins'), 'greeter');
const archive = join(folder, 'greeter.fid');
let host: PluginHost;

beforeAll(async () => {
  await signPackage(dir, { key });
  await packPackage(dir, { output: archive });
  writePlugin(join(folder, 'plugins'), 'talker', Talker, ...talkerLines);
  host = await PluginHost.open({ searchPaths: [join(folder, 'plugins')] });
});
afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const trust = { trustedKeys: [key.publicKey] };
const plugin = () => host.load('greeter', Greeter);
const output = join(folder, 'again.fid');
const store = () => PackageStore.open(join(folder, 'store'));

/** Everything that takes a signal. */
const takers: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  'PluginHost.load()': (signal) => host.load('greeter', Greeter, { signal }),
  'a call': async (signal) => (await plugin()).client.greet('Ada', { signal }),
  'a call with the executor inline': async (signal) => {
    const { client } = await host.load('greeter', Greeter, { executor: 'inline' });
    return client.greet('Ada', { signal });
  },
  'discoverPackages()': (signal) => discoverPackages([join(folder, 'plugins')], { signal }),
  'digestPackage()': (signal) => digestPackage(dir, { signal }),
  'signPackage()': (signal) => signPackage(dir, { key, signal }),
  'verifyPackage()': (signal) => verifyPackage(dir, { ...trust, signal }),
  'packPackage()': (signal) => packPackage(dir, { output, signal }),
  'readArchiveManifest()': (signal) => readArchiveManifest(archive, { signal }),
  'unpackPackage()': (signal) => unpackPackage(archive, join(folder, 'unpacked'), { signal }),
  'PackageStore.addFolder()': async (signal) => (await store()).addFolder(dir, { ...trust, signal }),
  'PackageStore.addArchive()': async (signal) => (await store()).addArchive(archive, { ...trust, signal }),
  'vendorDependencies()': (signal) => vendorDependencies(dir, { signal }),
};

describe.each(Object.entries(takers))('%s', (_, take) => {
  it('takes a signal of another realm', async () => {
    await expect(take(foreignSignal(false))).resolves.toBeDefined();
  });

  it('aborts with the reason of a signal of another realm', async () => {
    const error = (await take(foreignSignal(true)).catch((rejected: unknown) => rejected)) as Error;

    expect([error, error.cause]).toContain(reason);
  });

  it.each([{ aborted: false }, new EventTarget(), 'now', null])('refuses %o as a signal', async (value) => {
    const error = await failureOf(() => take(value as unknown as AbortSignal));

    expect(error).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: expect.stringMatching(/^signal.* must be an AbortSignal, got /),
    });
  });
});

it('hears a signal of another realm that is aborted during a call', async () => {
  const signal = foreignSignal(false);
  const call = (await plugin()).client.greet('Ada', { signal, timeoutMs: 10_000 });
  Object.assign(signal, { aborted: true, reason });
  signal.dispatchEvent(new Event('abort'));

  expect(await failureOf(() => call)).toMatchObject({ code: 'FIDIUS_CALL_ABORTED', cause: reason });
});

it('hears a signal that is aborted while the arguments of a call are read', async () => {
  const { client } = await host.load('talker', Talker);
  const controller = new AbortController();
  const value = {
    get first() {
      controller.abort(reason);
      return 1;
    },
    second: 2,
  };

  expect(await failureOf(() => client.take(value, { signal: controller.signal }))).toMatchObject({
    code: 'FIDIUS_CALL_ABORTED',
    cause: reason,
  });
});
