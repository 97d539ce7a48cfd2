import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/markdown.ts';

/** A part of a title of a test, by the file that it is in. */
type Evidence = readonly (readonly [file: string, title: string])[];

/** For each promise of SECURITY.md, by the words that it begins with, tests that would fail if it were broken. */
const promises: Readonly<Record<string, Evidence>> = {
  'no code of a package is executed': [
    ['packaging/attacks/no-code', 'no code of a package runs while it is discovered'],
    ['host/policy', 'refuses an unsigned package before any of its code runs'],
  ],
  'files of packages, trust stores and keys are read': [
    ['unit/packaging/attacks/foreign-files', 'a package with a pipe in place of a file'],
    ['unit/packaging/attacks/foreign-files', 'is read to its limit and not beyond'],
    ['unit/packaging/attacks/linear-work', 'twice as much to read takes less than three times as long'],
  ],
  'values that come from Python': [
    ['unit/codec/fuzz-decode', 'give a value or an error of ours'],
    ['unit/executor/server/protocol-violations', 'settles every call once, whatever bytes come'],
    ['packaging/archive/mutated-archives', 'is refused or unpacked, without a crash'],
    ['unit/packaging/attacks/linear-work', 'is not counted for a manifest beyond its limit'],
  ],
  'a value that JavaScript cannot hold exactly': [['unit/codec/refused-by-decode', 'is refused with what to do']],
  '`sys.exit()`, `KeyboardInterrupt`': [
    ['unit/executor/contract', 'KeyboardInterrupt()'],
    ['cpython/plugin-process', 'does not end the program with sys.exit()'],
  ],
  'errors of the library contain': [
    ['host/error-contents', 'an error of a call carries no variables of Python'],
    ['packaging/signing/keys', 'keep the secret to themselves'],
    ['unit/packaging/attacks/shown', 'is applied to each message and each hint'],
    ['unit/packaging/attacks/shown', 'has no line of a tampered package in it'],
  ],
  'two packages cannot run': [
    ['host/modules-asking', 'does not get the module of a neighbour by %s'],
    ['host/load-python-plugin', 'FIDIUS_ENTRY_MODULE_FOREIGN'],
  ],
  'unpacking an archive writes only': [
    ['packaging/attacks/unpacking', 'the folder that an archive is unpacked to'],
    ['packaging/archive/hostile-archives', 'hostileArchives'],
    ['packaging/archive/interrupted', 'leaves the old version whole'],
  ],
  'in a host that requires signatures, no file': [
    ['packaging/attacks/store', 'is refused before anything of it is read or written'],
    ['packaging/attacks/store', 'is not read: what was verified is what is stored'],
    ['host/policy', 'runs a verified, read-only copy without byte-code'],
  ],
  'a host that requires signatures runs Python': [
    ['host/isolation', 'runs nothing that the user or the current folder offers'],
    ['host/isolation', 'passes over a .venv in the current folder that was not named'],
    ['host/isolation', 'refuses an interpreter that has taken in files of the user'],
  ],
  'imports of a plugin from outside': [
    ['host/external-imports', 'lists a module that %s imports'],
    ['host/external-imports', '%s refuses a plugin that imports an external module'],
  ],
  '`loadTimeoutMs` and `signal` end a load': [
    ['host/load-budget', 'bounds the verification of a package'],
    ['host/load-budget', 'ends the search for packages'],
  ],
  '`fidius package pack`, `packPackage()` and `vendorDependencies()` install only wheels': [
    ['packaging/attacks/vendoring', 'rejects %s, names the line, and runs nothing'],
    ['packaging/attacks/vendoring', 'does not take a source distribution in place of a wheel'],
    ['packaging/attacks/vendoring', 'does not build what a wheel depends on by address'],
    ['packaging/attacks/vendoring', 'does not allow builds because of the variable %s'],
    ['packaging/attacks/vendoring', 'does not run a module of the package in place of one'],
    ['packaging/attacks/vendoring', 'does not run a module of PYTHONPATH or of the user'],
    ['packaging/attacks/vendoring', 'does not use a virtual environment or settings in or around the package'],
    ['cli/archives', 'builds nothing without --allow-build'],
  ],
  'with `--wheels` or `wheels`, pip and uv take dependencies only': [
    ['packaging/attacks/vendoring', 'rejects a line that refers elsewhere, whether builds are allowed or not'],
    ['packaging/attacks/vendoring', 'connects to nothing, whatever variables, wheels and pages in the folder say'],
    ['packaging/attacks/vendoring', 'rejects a wheel that lies elsewhere on the disk'],
    ['unit/packaging/vendor/installer-environment', 'has no settings of indexes either if only a folder may be used'],
  ],
  'files of a killed process are removed only': [
    ['unit/packaging/attacks/staging', 'is not taken for what this library left there'],
    ['unit/packaging/attacks/staging', 'is neither deleted nor moved'],
    ['unit/packaging/attacks/staging', 'does not become part of what root unpacks there'],
  ],
  'the package store, trust stores, secret keys': [
    ['packaging/attacks/store', 'a store that others could write to'],
    ['packaging/attacks/identity', 'is refused when it belongs to another user'],
    ['packaging/attacks/identity', 'is refused when others could put another one in its place'],
    ['unit/cpython/locate/implicit-venv', 'is refused when others may write to the folder that holds it'],
  ],
};

/** The same for what a signature does not say, and for the paragraphs below. */
const limits: Readonly<Record<string, Evidence>> = {
  'that it is the package you wanted': [
    ['packaging/attacks/identity', 'is told by what verification returns, and refused when another is expected'],
    ['packaging/attacks/identity', 'is refused by the command line when its file name says another package'],
    ['packaging/attacks/identity', 'a key that may sign some packages'],
  ],
  'that they are the newest': [['host/policy', 'refuseOlder']],
  'when it was signed': [['unit/packaging/signing/trust', 'is judged by the last moment of its trust']],
  'anything about modes, times, empty folders': [
    ['packaging/attacks/store', 'is the same whatever the source adds that no signature covers'],
  ],
};

const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');

describe('SECURITY.md', () => {
  it('promises nothing without a test', () => {
    expect(missing(itemsAfter('The library ensures the following'), promises)).toEqual([]);
  });

  it('names no test for a promise that it does not make', () => {
    const items = itemsOf(text);

    const unused = Object.keys({ ...promises, ...limits }).filter(
      (start) => !items.some((item) => item.startsWith(start)),
    );
    expect(unused).toEqual([]);
  });

  it.each(Object.entries({ ...promises, ...limits }))('has tests for: %s', (_promise, evidence) => {
    const absent = evidence.filter(([file, title]) => {
      const path = join(root, 'test', `${file}.test.ts`);
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(title);
    });

    expect(absent).toEqual([]);
  });
});

function missing(items: readonly string[], known: Readonly<Record<string, Evidence>>): readonly string[] {
  expect(items.length).toBeGreaterThan(0);
  return items.filter((item) => !Object.keys(known).some((start) => item.startsWith(start)));
}

/** The items of the list that a sentence introduces. */
function itemsAfter(sentence: string): readonly string[] {
  const [, after = ''] = text.split(sentence);
  return itemsOf(/\n\n- [\s\S]*?(?=\n\n)/.exec(after)?.[0] ?? '');
}

function itemsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^- (.*)$/gm)].map(([, item = '']) => item);
}
