import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  PackageStore,
  packPackage,
  readArchiveManifest,
  SecretKey,
  signPackage,
  unpackPackage,
  verifyPackage,
} from '../../src/packaging.ts';
import { contentsOf } from '../support/contents.ts';
import { failureOf } from '../support/failure.ts';
import { packageOf } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

type Options = Readonly<Record<string, unknown>>;

const key = new SecretKey(Buffer.alloc(32, 1));
/** A new folder, a package and its archive. */
interface Subject {
  readonly folder: string;
  readonly dir: string;
  readonly archive: string;
}

const functions: readonly (readonly [name: string, call: (options: Options, at: Subject) => Promise<unknown>])[] = [
  ['packPackage()', (options, { dir, folder }) => packPackage(dir, { output: join(folder, 'x.fid'), ...options })],
  ['unpackPackage()', (options, { archive, folder }) => unpackPackage(archive, folder, options)],
  ['signPackage()', (options, { dir }) => signPackage(dir, { key, ...options })],
  ['verifyPackage()', (options, { dir }) => verifyPackage(dir, { trustedKeys: [key.publicKey], ...options })],
  ['PackageStore.addFolder()', async (options, { dir, folder }) => (await storeIn(folder)).addFolder(dir, options)],
  [
    'PackageStore.addArchive()',
    async (options, { archive, folder }) => (await storeIn(folder)).addArchive(archive, options),
  ],
];

describe('what takes options', () => {
  it.each(functions)('refuses one that it does not know, before anything else: %s', async (name, call) => {
    expect(await refusalOf(call, { sginal: undefined })).toEqual(
      refusal('FIDIUS_OPTION_UNKNOWN', `Unknown option "sginal" in ${name}`),
    );
  });

  it.each([
    ...functions,
    [
      'readArchiveManifest()',
      (options: Options, { archive }: Subject) => readArchiveManifest(archive, options),
    ] as const,
  ])('refuses a signal that is something else: %s', async (name, call) => {
    const message = `signal of ${name} must be an AbortSignal, got 5`;
    expect(await refusalOf(call, { signal: 5 })).toEqual(refusal('FIDIUS_OPTION_INVALID', message));
  });

  it.each(functions.filter(([name]) => /unpack|Store/.test(name)))(
    'refuses a limit that is not a number from 0 up: %s',
    async (name, call) => {
      for (const options of [{ maxBytes: -1 }, { maxEntries: '5' }, { maxBytes: NaN }]) {
        const message = `Option "${Object.keys(options).join()}" of ${name} must be a number from 0 up, got `;
        expect(await refusalOf(call, options)).toEqual(refusal('FIDIUS_OPTION_INVALID', message));
      }
    },
  );

  it.each(functions.filter(([name]) => /^(?:pack|sign)/.test(name)))(
    'refuses an unknown choice: %s',
    async (name, call) => {
      const message = `Option "byteCode" of ${name} must be `;
      expect(await refusalOf(call, { byteCode: 'keep it' })).toEqual(refusal('FIDIUS_OPTION_INVALID', message));
    },
  );

  it.each(functions.filter(([name]) => /unpack|Store/.test(name)))(
    'does nothing when its signal is aborted already: %s',
    async (_name, call) => {
      const subject = await makeSubject();
      const signal = AbortSignal.abort(new Error('enough'));

      await expect(call({ signal }, subject)).rejects.toThrow('enough');
      expect(Object.keys(contentsOf(subject.folder))).toEqual([]);
    },
  );

  it('is checked also where keys are written', async () => {
    const folder = tempFolder();

    const error = await failureOf(() => generateKeyPair(join(folder, 'x'), key, { forec: true } as never));

    expect(error.code).toBe('FIDIUS_OPTION_UNKNOWN');
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** How a call fails, and what there is then that was not there before. */
async function refusalOf(call: (options: Options, at: Subject) => Promise<unknown>, options: Options): Promise<object> {
  const subject = await makeSubject();
  const { code, message } = await failureOf(() => call(options, subject));
  const made = [...Object.keys(contentsOf(subject.folder)), ...Object.keys(contentsOf(subject.dir))];
  return { code, message, made: made.filter((path) => path !== 'demo.py' && path !== 'package.toml') };
}

function refusal(code: string, message: string): object {
  return { code, message: expect.stringContaining(message), made: [] };
}

async function makeSubject(): Promise<Subject> {
  const dir = packageOf();
  const { archive } = await packPackage(dir, { output: join(tempFolder(), 'demo.fid') });
  return { folder: tempFolder(), dir, archive };
}

async function storeIn(folder: string): Promise<PackageStore> {
  return PackageStore.open(join(folder, 'store'));
}
