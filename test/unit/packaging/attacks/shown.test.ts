import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FidiusError } from '../../../../src/errors/fidius-error.ts';
import { hasControls, shown, shownLines } from '../../../../src/errors/shown.ts';
import { digestPackage } from '../../../../src/packaging/digest/package-digest.ts';
import { discoverPackages } from '../../../../src/packaging/discover-packages.ts';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { signPackage } from '../../../../src/packaging/signing/sign-package.ts';
import { formatFileList } from '../../../../src/packaging/signing/signature-files.ts';
import { fidiusIn } from '../../../support/cli-here.ts';
import { failureOf } from '../../../support/failure.ts';
import { folderOf, packageOf, pythonManifest } from '../../../support/packages.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const evil = new SecretKey(Buffer.alloc(32, 2));
/** One of each kind. */
const hostile = [
  '\n',
  '\r',
  '\u001b[2K',
  '\u0007',
  '\u007f',
  '\u0085',
  '\u009b2K',
  '\u061c',
  '\u200f',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2066',
  '\ud800',
];

describe('shown()', () => {
  it.each(hostile)('escapes what a terminal obeys: %j', (text) => {
    expect(shown(`a${text}b`)).toMatch(/^a\\(?:[nrt]|x[0-9a-f]{2}|u\{[0-9a-f]+\})/);
    expect(hasControls(`a${text}b`)).toBe(true);
    expect(hasControls(shown(`a${text}b`))).toBe(false);
  });

  it('leaves text alone, of whatever script', () => {
    for (const text of ['café', 'שלום', '日本', '👩‍👩‍👧', 'a b\\c']) expect(shown(text)).toBe(text);
    expect(shownLines('a\n\tb')).toBe('a\n\tb');
  });

  it('is applied to each message and each hint', () => {
    const error = new FidiusError('FIDIUS_ARGUMENT_INVALID', 'a\u001b[2K\nb', { hint: '\u202e' });

    expect([error.message, error.hint]).toEqual(['a\\x1b[2K\nb', '\\u{202e}']);
  });
});

describe('names with characters that a terminal obeys', () => {
  it.each(hostile.filter((text) => text !== '\ud800'))('are refused in manifests: %j', async (text) => {
    for (const field of ['name', 'version', 'interface']) {
      const manifest = pythonManifest().replace(
        new RegExp(`^${field} = "`, 'm'),
        (head) => `${head}${escapeToml(text)}`,
      );
      const error = await failureOf(() => packageDigestAndManifest(manifest));

      expect(error.code).toBe('FIDIUS_MANIFEST_PARSE');
      expect(error.message).toContain(`/package/${field}: must not contain control characters`);
    }
  });

  it.each(hostile.filter((text) => text !== '\ud800'))('are escaped where a folder holds them: %j', async (text) => {
    const name = `a${text}b`;
    const dir = packageOf({ [`${name}/__pycache__/x.pyc`]: '' });
    const compiled = await failureOf(() => signPackage(dir, { key: acme }));
    symlinkSync('nowhere', join(dir, name, 'link'));
    const broken = await failureOf(() => digestPackage(dir));

    expect([compiled.code, broken.code]).toEqual(['FIDIUS_PACKAGE_BYTE_CODE', 'FIDIUS_PACKAGE_LINK_BROKEN']);
    for (const { message } of [compiled, broken]) {
      expect(hasControls(message)).toBe(false);
      expect(message).toContain(shown(name));
    }
  });

  it('are skipped in search paths', async () => {
    const folder = folderOf({});
    mkdirSync(join(folder, 'x'));
    renameSync(packageOf(), join(folder, 'x\nPackage signature valid: y'));

    const { packages, skipped } = await discoverPackages([folder]);

    expect(packages).toEqual([]);
    expect(skipped.map(({ reason }) => reason.message)).toEqual([
      expect.stringContaining(String.raw`x\nPackage signature valid: y: its name contains a control character`),
    ]);
  });
});

describe('the output of commands', () => {
  it('has no line of a tampered package in it', async () => {
    const dir = packageOf();
    const line = 'x\nPackage signature valid: demo';
    // Signed by the attacker, who is trusted for something else; the list names a file with a line break.
    const digest = await digestPackage(dir);
    const list = formatFileList(digest, [{ path: line, bytes: 1, sha256: '0'.repeat(64) }], evil);
    writeFileSync(join(dir, 'package.sig'), evil.sign(digest));
    writeFileSync(join(dir, 'package.files.sig'), list);
    writeFileSync(join(dir, 'acme.pub'), '');
    const keys = folderOf({ 'acme.public': acme.publicKey.bytes });

    const outcome = await fidiusIn(dir, ['package', 'verify', '.', '--key', join(keys, 'acme.public')]);

    expect(outcome.exitCode).toBe(1);
    expect(`${outcome.stdout}${outcome.stderr}`).not.toMatch(/^Package signature valid/m);
    expect(outcome.stderr).toContain(String.raw`x\nPackage signature valid: demo was removed`);
  });

  it('has metadata of a package escaped, for people and for machines', async () => {
    const metadata = '[metadata]\n"k\\u001b[2K" = "v\\u202e\\u009b"';
    const dir = packageOf({ 'package.toml': pythonManifest().replace('[metadata]', metadata) });

    const text = await fidiusIn(dir, ['package', 'inspect', '.']);
    const json = await fidiusIn(dir, ['package', 'inspect', '.', '--json']);

    expect(shownLines(text.stdout)).toBe(text.stdout);
    expect(shownLines(json.stdout)).toBe(json.stdout);
    expect(JSON.parse(json.stdout)).toMatchObject({ manifest: { metadata: { 'k\u001b[2K': 'v\u202e\u009b' } } });
  });

  it('has the paths that were typed escaped', async () => {
    const outcome = await fidiusIn(folderOf({}), ['package', 'inspect', 'x\u001b]0;title\u0007']);

    expect(shownLines(outcome.stderr)).toBe(outcome.stderr);
  });
});

async function packageDigestAndManifest(manifest: string): Promise<unknown> {
  const { readManifest } = await import('../../../../src/packaging/manifest/manifest.ts');
  return readManifest(packageOf({ 'package.toml': manifest }));
}

function escapeToml(text: string): string {
  return Array.from(text)
    .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
