import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPackage, SecretKey, signPackage } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../support/tar-builder.ts';
import { tempFolder } from '../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));

function here(files: Readonly<Record<string, string>> = { 'demo.py': '' }): string {
  const dir = tempFolder();
  fill(join(dir, 'demo'), { 'package.toml': pythonManifest(), ...files });
  writeFileSync(join(dir, 'acme.public'), acme.publicKey.bytes);
  return dir;
}

describe('fidius package audit', () => {
  it('reports ok for each rule of a signed package, as a folder and as an archive', async () => {
    const dir = here();
    await packPackage(join(dir, 'demo'), { output: join(dir, 'demo.fid'), key: acme });

    const folder = await fidiusIn(dir, ['package', 'audit', 'demo', '--key', 'acme.public']);
    const archive = await fidiusIn(dir, ['package', 'audit', 'demo.fid', '--key', 'acme.public']);

    expect(folder).toMatchObject({ exitCode: 0, stderr: '' });
    expect(folder.stdout).toMatchInlineSnapshot(`
      "ok           content       2 files, 149 bytes; every name and link is in order
      ok           manifest      demo 1.0.0, for Greeter (version 1)
      ok           name          can be installed as demo-1.0.0.fid
      ok           signature     signed by key 34750f98bd59fcfc
      ok           coverage      a signature covers every file
      ok           byte-code     the package contains no compiled Python code
      ok           entry module  demo is demo.py
      ok           native code   the package contains no native code
      No rule was violated.
      "
    `);
    expect(archive.stdout).toBe(folder.stdout);
  });

  it('reports all warnings and all violations of a package', async () => {
    const dir = here({
      'lib/target/x.py': '',
      'notes.sig': '',
      '__pycache__/demo.cpython-311.pyc': '',
      'vendor/x.cpython-311-x86_64-linux-gnu.so': '',
    });
    await signPackage(join(dir, 'demo'), { key: SecretKey.generate(), byteCode: 'keep' });

    const { exitCode, stdout } = await fidiusIn(dir, ['package', 'audit', 'demo', '--key', 'acme.public', '--json']);

    const { findings, passed } = JSON.parse(stdout) as {
      findings: { rule: string; verdict: string }[];
      passed: boolean;
    };
    expect(exitCode).toBe(1);
    expect(passed).toBe(false);
    expect(findings.map(({ rule, verdict }) => `${rule}: ${verdict}`)).toEqual([
      'content: ok',
      'manifest: ok',
      'name: ok',
      'signature: refused',
      'coverage: warning',
      'byte-code: warning',
      'entry module: refused',
      'native code: warning',
    ]);
  });

  it('continues after unreadable content, and escapes line breaks in names', async () => {
    const dir = here();
    const name = 'demo-1.0.0/x\nNo rule was violated.';
    await writeArchiveFile(join(dir, 'hostile.fid'), tarOf(tarEntry({ path: name })));
    mkdirSync(join(dir, 'empty'));

    const hostile = await fidiusIn(dir, ['package', 'audit', 'hostile.fid']);
    const empty = await fidiusIn(dir, ['package', 'audit', 'empty']);

    expect([hostile.exitCode, empty.exitCode]).toEqual([1, 1]);
    expect(hostile.stdout).not.toMatch(/^Nothing was refused/m);
    expect(hostile.stdout).toContain('A host would reject this package.');
    expect(empty.stdout).toMatch(/^refused +content +No package\.toml in/m);
  });

  it('rejects a missing path', async () => {
    const outcome = await fidiusIn(here(), ['package', 'audit', 'nothing']);

    expect(outcome).toMatchObject({
      exitCode: 1,
      stderr: 'error: There is no package <here>/nothing\nhint: Name the folder or the archive of a package.\n',
    });
  });
});
