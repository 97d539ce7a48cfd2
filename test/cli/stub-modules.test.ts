import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, linkPackage, runInstalled } from '../support/installed-package.ts';

const definition = `defineInterface('Greeter', { version: 1, methods: { greet: method({ name: t.string }, t.string) } })`;
const hash = '__interface_hash__ = 0xd66a33343f4b2077\n';

describe('fidius stub, installed', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-stub-')));

  beforeAll(() => {
    installPackage(folder);
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    const imports = `import { defineInterface, method, t } from 'fidius';\n`;
    write('package.json', '{ "type": "module" }');
    write('greeter.js', `${imports}export const Greeter = ${definition};\n`);
    write('greeter.mjs', `${imports}export default ${definition};\n`);
    write('whole.cjs', `import('fidius').then(() => {});\nmodule.exports = { Greeter: 1 };\n`);
    // An enum is more than stripping types could remove, and the specifier is one that only TypeScript understands.
    write('names.ts', `export enum Name { Greeter = 'Greeter' }\n`);
    write(
      'greeter.ts',
      `${imports}import { Name } from './names.js';\nexport const Greeter: unknown = ${definition.replace("'Greeter'", 'Name.Greeter')};\n`,
    );
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['greeter.js', 'greeter.mjs'])('reads %s', (file) => {
    const { exitCode, stdout, stderr } = runInstalled(folder, ['stub', file]);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(hash);
  });

  it('reads a CommonJS module, and reports that it exports no interface', () => {
    expect(runInstalled(folder, ['stub', 'whole.cjs'])).toMatchObject({
      exitCode: 1,
      stderr: 'error: whole.cjs exports no interface\nhint: Export the result of defineInterface().\n',
    });
  });

  it('reads TypeScript that Node cannot read with the tsx of the project, and otherwise suggests to install it', () => {
    const without = runInstalled(folder, ['stub', 'greeter.ts']);
    for (const name of ['tsx', 'esbuild', '@esbuild', 'get-tsconfig', 'resolve-pkg-maps']) linkPackage(folder, name);
    const withTsx = runInstalled(folder, ['stub', 'greeter.ts']);

    expect(without).toMatchObject({ exitCode: 1, stdout: '' });
    expect(without.stderr).toMatch(
      /^error: Cannot import .*greeter\.ts: .+\nhint: Install tsx in its project \(`npm install --save-dev tsx`\), or use the compiled \.js file\.\n$/,
    );
    expect(withTsx).toMatchObject({ exitCode: 0, stderr: '' });
    expect(withTsx.stdout).toContain(hash);
  });
});
