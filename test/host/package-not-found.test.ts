import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { PluginHost } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter, writePackage } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function refusal(name: string, ...searchPaths: readonly string[]) {
  await using host = await PluginHost.open({ searchPaths });
  return await failureOf(() => host.load(name, Greeter));
}

it('says which search path does not exist, and what the others have', async () => {
  const folder = tempFolder();
  const missing = join(folder, 'plugin');
  const present = join(folder, 'plugins');
  writeGreeter(present, 'greeter');
  mkdirSync(join(folder, 'empty'));

  const error = await refusal('weather', missing, present, join(folder, 'empty'));

  expect(error.code).toBe('FIDIUS_PLUGIN_NOT_FOUND');
  expect(error.message.split('\n')).toEqual([
    'No package named weather in the search paths of the host',
    `  ${missing}: does not exist`,
    `  ${present}: has greeter`,
    `  ${join(folder, 'empty')}: has no package`,
  ]);
  expect(error.hint).toBe(`Correct the search path ${missing}, or create it and put the package into it.`);
});

it('says from which working folder a relative search path starts', async () => {
  const folder = tempFolder();
  const given = relative(process.cwd(), join(folder, 'plugins'));

  const error = await refusal('weather', given);

  expect(error.message).toContain(
    `\n  ${join(folder, 'plugins')} ("${given}" in the working folder ${process.cwd()}): does not exist`,
  );
  expect(error.hint).toBe('Pass search paths as absolute paths, made with `import.meta.dirname`.');
});

it('names the package that is in the folder of the name, and that of a similar name', async () => {
  const folder = tempFolder();
  renameSync(writeGreeter(folder, 'greeter'), join(folder, 'my-plugin'));

  expect((await refusal('my-plugin', folder)).hint).toBe(
    `Load "greeter": that is the name in ${join(folder, 'my-plugin', 'package.toml')}.`,
  );
  expect((await refusal('Greeter', folder)).hint).toBe('Load "greeter".');
});

it('says that a search path is itself a package', async () => {
  const folder = tempFolder();
  const path = writeGreeter(folder, 'greeter');

  const error = await refusal('greeter', path);

  expect(error.message).toContain(`${path}: is itself a package, and has no package in it`);
  expect(error.hint).toBe(`Pass the folder that contains the package as search path: ${folder}.`);
});

it('says why other packages were skipped, and what is wrong with a search path', async () => {
  const folder = tempFolder();
  writePackage({ folder: join(folder, 'weather'), manifest: '[package' });
  const file = join(folder, 'file');
  writeFileSync(file, '');

  const error = await refusal('climate', folder, file);

  expect(error.message).toMatch(/\n {2}skipped .*weather: Invalid manifest .*package\.toml: \/: .+ \(line 1/);
  expect(error.message).toContain(`\n  ${file}: cannot be listed\n`);
  expect(error.hint).toBe(`Fix ${join(folder, 'weather')}.`);
});

it.each([
  ['weather', (path: string) => writePackage({ folder: path, manifest: '[package' }), 'FIDIUS_MANIFEST_PARSE'],
  ['weather-1.0.0.fid', (path: string) => writeFileSync(path, 'no archive'), 'FIDIUS_ARCHIVE_CORRUPT'],
])('has the code of what is wrong with the package of the name: %s', async (entry, write, code) => {
  const folder = tempFolder();
  const path = join(folder, entry);
  write(path);

  const error = await refusal('weather', folder);

  expect(error.code).toBe(code);
  expect(error.message).toMatch(`Cannot load weather: ${path} was skipped: `);
  expect(error.hint).not.toBe(undefined);
  expect(error.cause).toMatchObject({ code });
});

it('lists twenty names, and the number of the others', async () => {
  const folder = tempFolder();
  for (let index = 100; index < 125; index += 1) writeGreeter(folder, `greeter-${index}`);

  const { message } = await refusal('weather', folder);

  expect(message).toContain('greeter-119 and 5 more');
  expect(message).not.toContain('greeter-120');
});
