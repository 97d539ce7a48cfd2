import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import {
  ArchiveError,
  defineInterface,
  FidiusError,
  InterfaceHashMismatchError,
  LoadError,
  LoadTimeoutError,
  ManifestError,
  method,
  PluginError,
  PluginHost,
  PythonNotFoundError,
  SignatureError,
  t,
} from '../../src/index.ts';
import { readArchiveManifest, readManifest, SecretKey, signPackage, verifyPackage } from '../../src/packaging.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { writeGreeter, writePackage, writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** One error of each class, made by the operation that throws it. */
const failures: readonly (readonly [string, new (...args: never[]) => Error, () => unknown])[] = [
  ['a host', FidiusError, async () => await (await openHost(tempFolder())).load('nothing', Greeter)],
  ['misuse', TypeError, async () => PluginHost.open({ timeoutMs: 'x' as never })],
  ['a load', LoadError, () => loadOf('raise ValueError("x")')],
  ['a missing method', LoadError, () => loadOf(...greeterLines.withoutCount)],
  ['another hash', InterfaceHashMismatchError, () => loadOf()],
  ['a load without end', LoadTimeoutError, () => loadOf('import time', 'for _ in range(500): time.sleep(0.01)')],
  ['an exception', PluginError, () => callOf('def greet(name): raise ValueError(name)')],
  ['a manifest', ManifestError, () => readManifest(writePackage({ manifest: '[package]' }))],
  ['an archive', ArchiveError, () => readArchiveManifest(writeGreeter(tempFolder(), 'no-archive'))],
  ['a signature', SignatureError, badSignature],
  [
    'a search for Python',
    PythonNotFoundError,
    () => Promise.reject(new PythonNotFoundError('FIDIUS_PYTHON_NOT_FOUND', 'x', [])),
  ],
];

async function openHost(searchPath: string): Promise<PluginHost> {
  return PluginHost.open({ searchPaths: [searchPath], loadTimeoutMs: 500 });
}

let packages = 0;

async function loadOf(...lines: readonly string[]): Promise<unknown> {
  const searchPath = tempFolder();
  const definition = lines.length === 0 ? { ...Greeter, hash: 1n } : Greeter;
  const name = `printed_${(packages += 1)}`;
  writePlugin(searchPath, name, definition, ...lines);
  await using host = await openHost(searchPath);
  return await host.load(name, Greeter, lines.includes('import time') ? {} : { loadTimeoutMs: 60_000 });
}

async function callOf(line: string): Promise<unknown> {
  const Single = defineInterface('Single', { version: 1, methods: { greet: method({ name: t.string }, t.string) } });
  const searchPath = tempFolder();
  writePlugin(searchPath, 'printed_call', Single, line);
  await using host = await PluginHost.open({ searchPaths: [searchPath] });
  const plugin = await host.load('printed_call', Single);
  return await plugin.client.greet('x');
}

async function badSignature(): Promise<unknown> {
  const folder = writeGreeter(tempFolder(), 'signed');
  const [key, other] = [SecretKey.generate(), SecretKey.generate()];
  await signPackage(folder, { key });
  return verifyPackage(folder, { trustedKeys: [other.publicKey] });
}

it.each(failures)('prints no field without a value in the error of %s', async (_what, errorClass, attempt) => {
  const error: unknown = await Promise.resolve()
    .then(attempt)
    .catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(errorClass);
  expect(inspect(error, { depth: 5 })).not.toMatch(/: undefined/);
});

it('has every field, also those without a value', () => {
  const error = new FidiusError('FIDIUS_CALL_TIMEOUT', 'It took too long');

  expect(['hint', 'plugin', 'method'].every((field) => field in error)).toBe(true);
  expect(Object.keys(error)).toEqual(['code']);
  expect(error.hint).toBeUndefined();
});
