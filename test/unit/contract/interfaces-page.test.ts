import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PythonScope } from '../../../src/contract/python-stub/python-scope.ts';
import { type Direction, PythonTypes } from '../../../src/contract/python-stub/python-types.ts';
import { isStreamType } from '../../../src/contract/result-and-stream.ts';
import { t } from '../../../src/contract/t.ts';
import type { AnyType } from '../../../src/contract/type.ts';
import { DocWorkspace } from '../../support/doc-workspace.ts';
import { readBlocks, root } from '../../support/markdown.ts';

const path = 'docs/reference/interfaces.md';
const text = readFileSync(path, 'utf8');

// Types with the names of the letters in the table, and the hints that they have.
const T = t.named('T');
const A = t.named('A', t.u8);
const B = t.named('B', t.bool);
const K = t.named('K', t.string);
const V = t.named('V', t.f64);
const hints: Readonly<Record<string, string>> = { T: 'Any', A: 'int', B: 'bool', K: 'str', V: 'float' };

/** What the first column of the table says, for each type of `t`. */
const rows: Readonly<Record<string, { readonly rust: string }>> = {
  "t.ndarray('float64')": t.ndarray('float64'),
  "t.ndarray('float64', 2)": t.ndarray('float64', 2),
  't.list(T)': t.list(T),
  't.array(T, 3)': t.array(T, 3),
  't.tuple(A, B)': t.tuple(A, B),
  't.option(T)': t.option(T),
  't.map(K, V)': t.map(K, V),
  't.map.btree(K, V)': t.map.btree(K, V),
  "t.struct('Row', { … })": t.struct('Row', {}),
  "t.enum('Shape', { … })": t.enum('Shape', ['Dot']),
  "t.named('Box<Row>', T)": t.named('Box<Row>', T),
  "t.named('Value')": t.named('Value'),
  't.result(T, E?)': t.result(T, 'E'),
  't.stream(T)': t.stream(T),
};

describe('docs/reference/interfaces.md', () => {
  const table = [...text.matchAll(/^\| (`t\..*)\|$/gm)].map(([, line = '']) => {
    const [types = '', rust = '', , , received = '', returned = ''] = line.split(' | ').map((cell) => cell.trim());
    return { types: quoted(types), rust: quoted(rust), received, returned };
  });

  it('has every type of t, spelled as in Rust', () => {
    const documented = table.flatMap(({ types, rust }) => types.map((type, index) => [type, rust[index]]));

    expect(documented.map(([type = '']) => /^t\.(\w+)/.exec(type)?.[1])).toEqual(
      expect.arrayContaining(Object.keys(t)),
    );
    expect(documented).toEqual(documented.map(([type = '']) => [type, typeOf(type).rust]));
  });

  const withHints = table.flatMap(({ types, received, returned }) =>
    types
      .map((expression) => ({ expression, type: typeOf(expression), received, returned }))
      .filter(({ received: cell }) => cell.startsWith('`')),
  );

  it.each(withHints)('has the hints of stubs for $expression', ({ type, received, returned }) => {
    const item = isStreamType(type) ? type.item : undefined;
    const types = new PythonTypes(new PythonScope([]));
    const hint = (direction: Direction) =>
      item === undefined ? types.hint(type as AnyType, direction) : `Iterator[${types.hint(item, direction)}]`;

    expect({ received: hint('received'), returned: hint('returned') }).toEqual({
      received: withoutLetters(received),
      returned: withoutLetters(returned),
    });
  });

  it('shows the stub of its interface', () => {
    const blocks = readBlocks([{ path, text }]);
    using workspace = new DocWorkspace(blocks.filter(({ file }) => file !== undefined));
    const [module] = blocks.filter(({ file }) => file === 'billing.ts');
    if (module === undefined) throw new Error('the page has no billing.ts');

    const tsx = import.meta.resolve('tsx');
    const main = join(root, 'src/cli/main.ts');
    const { stdout } = spawnSync(process.execPath, ['--import', tsx, main, 'stub', 'billing.ts'], {
      cwd: workspace.pageFolderOf(module),
      env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
      encoding: 'utf8',
    });

    expect(blocks.find(({ language, code }) => language === 'py' && code.includes('__interface_hash__'))?.code).toBe(
      stdout,
    );
  });
});

function typeOf(expression: string): { readonly rust: string } {
  const simple = /^t\.(\w+)$/.exec(expression)?.[1];
  const type = simple === undefined ? rows[expression] : t[simple as keyof typeof t];
  if (type === undefined || typeof type === 'function') throw new Error(`${expression} is not in this test`);
  return type;
}

/** The hint in a cell, with that of a type in place of each letter. */
function withoutLetters(cell: string): string | undefined {
  return quoted(cell)[0]?.replaceAll(/\b[TABKV]\b/g, (letter) => hints[letter] ?? letter);
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
