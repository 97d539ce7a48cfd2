import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyType, defineInterface, type Method, method, t } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { manifestText } from '../support/plugin-folders.ts';
import { findPythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const library = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
const python = findPythons().at(-1)?.executable as string;

/** Reads a module, which is never run: its first line would fail. */
async function readModule(source: string, ...options: readonly string[]) {
  const folder = tempFolder();
  writeFileSync(join(folder, 'tools.py'), source);
  const outcome = await fidiusIn(folder, ['interface', 'from', 'tools.py', '--python', python, ...options]);
  return { ...outcome, folder };
}

const tools = `"""Tools."""
from __future__ import annotations
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Iterator, Literal, Optional, TypedDict
from uuid import UUID
from fidius import method
import not_installed

raise SystemExit("this module must not be run")

Mode = Literal["fast", "slow"]

@dataclass
class Row:
    """A row."""
    id: int
    at: dt.datetime
    tags: list[str]
    parent: "Optional[str]" = None

class Query(TypedDict):
    text: str
    limit: int | None

@method
def find(query: Query, mode: Mode) -> list[Row]:
    """Finds rows.

    Args:
        query: What to look for,
            in any language.
        mode: How.
    """

@method
def tick(count: Annotated[int, "u32"]) -> Iterator[float]:
    yield from range(count)

@method
async def store(data: bytes, weights: dict[str, float], pair: tuple[int, str], ids: tuple[UUID, ...]) -> None: ...

@method
def price(day: dt.date, value: Any) -> Decimal: ...

@method
def total(items: Iterator[int], start: bool = False) -> int: ...

def helper(x): return x
`;

const Row = t.struct('Row', { id: t.i64, at: t.datetime, tags: t.list(t.string), parent: t.option(t.string) });
const expected = defineInterface('Tools', {
  version: 1,
  methods: {
    find: method(
      [
        { query: t.struct('Query', { text: t.string, limit: t.option(t.i64) }) },
        { mode: t.enum('Mode', { fast: t.unit, slow: t.unit }) },
      ],
      t.list(Row),
    ),
    tick: method({ count: t.u32 }, t.stream(t.f64)),
    store: method([
      { data: t.bytes },
      { weights: t.map(t.string, t.f64) },
      { pair: t.tuple(t.i64, t.string) },
      { ids: t.list(t.uuid) },
    ]),
    price: method([{ day: t.date }, { value: t.named('serde_json::Value') }], t.decimal),
    total: method([{ items: t.stream(t.i64) }, { start: t.bool }], t.i64),
  },
});

describe('fidius interface from', () => {
  it('writes the interface of a module that it does not run', async () => {
    const { exitCode, stdout, stderr } = await readModule(tools);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: `__interface_hash__ = ${expected.hashHex}\n` });
    expect(stdout).toMatchSnapshot();
  });

  it('writes TypeScript that has the interface, its documentation included', async () => {
    const { folder, exitCode, stdout } = await readModule(tools, '--out', 'tools.ts');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `Tools with 5 methods\nThe module declares it with: __interface_hash__ = ${expected.hashHex}\n`,
    );

    const path = join(folder, 'tools.ts');
    writeFileSync(path, readFileSync(path, 'utf8').replace("'fidius'", JSON.stringify(library)));
    const { Tools } = (await import(path)) as { readonly Tools: typeof expected };

    expect(Tools.hash).toBe(expected.hash);
    expect(Tools.methods.map(({ name }) => name)).toEqual(expected.methods.map(({ name }) => name));
    expect(Tools.methods[0]).toMatchObject({
      doc: 'Finds rows.',
      arguments: [
        { name: 'query', doc: 'What to look for,\nin any language.' },
        { name: 'mode', doc: 'How.' },
      ],
    });
  });

  it('reads the entry module of a package, under the names of its manifest', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'package.toml'), manifestText('probe', 'probe_main'));
    writeFileSync(join(folder, 'probe_main.py'), 'def greet(name: str) -> str: ...\n');

    const { exitCode, stdout } = await fidiusIn(folder, ['interface', 'from', '.', '--python', python]);

    expect(exitCode).toBe(0);
    expect(stdout).toContain('greet: method({ name: t.string }, t.string)');
  });

  it('reads the class of a configured plugin', async () => {
    const { exitCode, stdout } = await readModule(
      [
        'from dataclasses import dataclass',
        '@dataclass',
        'class Settings: url: str',
        'class Plugin:',
        '    def __init__(self, settings): ...',
        '    def fetch(self, limit: int) -> str: ...',
        'def __fidius_configure__(settings: Settings) -> Plugin: return Plugin(settings)',
      ].join('\n'),
    );

    expect(exitCode).toBe(0);
    expect(stdout).toContain('  config: Settings,\n  methods: {\n    fetch: method({ limit: t.i64 }, t.string),');
  });

  it('lists everything that has no counterpart, with its line', async () => {
    const { exitCode, stdout, stderr } = await readModule(
      [
        'from elsewhere import *',
        'from enum import Enum',
        'from dataclasses import dataclass',
        'class Color(Enum): RED = 1',
        'class Plain: x: int',
        '@dataclass',
        'class Node: next: "Node"',
        'def a(x): return x',
        'def b(x: Missing) -> int: ...',
        'def b(x: int) -> int: ...',
        'def c(*args: int) -> int: ...',
        'def d(x: int | str) -> int: ...',
        'def e(x: int): ...',
        'def f(x: Color) -> None: ...',
        'def g(x: Plain) -> None: ...',
        'def h(x: Node) -> None: ...',
        'def i(*, x: int) -> None: ...',
        'def j() -> int: yield 1',
        'def k(x: "1 +") -> None: ...',
      ].join('\n'),
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatchSnapshot();
  });

  it.each([
    ['is not Python', 'def (', 'tools.py:1: not valid Python'],
    ['has no functions', 'x = 1', 'the module has no functions that a host can call'],
  ])('refuses a module that %s', async (_what, source, message) => {
    const { exitCode, stderr } = await readModule(source);

    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });

  it('refuses a file that does not exist, and does not replace one that does', async () => {
    const folder = tempFolder();
    const missing = await fidiusIn(folder, ['interface', 'from', 'nowhere.py']);
    const { folder: written } = await readModule('def f() -> None: ...');
    writeFileSync(join(written, 'out.ts'), 'mine');
    const replaced = await fidiusIn(written, ['interface', 'from', 'tools.py', '--python', python, '--out', 'out.ts']);

    expect(missing.stderr).toContain('there is no such file');
    expect(replaced.stderr).toContain('it already exists');
    expect(readFileSync(join(written, 'out.ts'), 'utf8')).toBe('mine');
  });
});

describe('fidius interface from --check', () => {
  it('compares the annotations with the hash that the module declares', async () => {
    const Own = defineInterface('Tools', { version: 1, methods: { f: method({ x: t.i64 }, t.string) } });
    const body = 'def f(x: int) -> str: ...';

    const same = await readModule(`__interface_hash__ = ${Own.hashHex}\n${body}`, '--check');
    const other = await readModule(`__interface_hash__ = ${Own.hashHex}\ndef f(x: int) -> int: ...`, '--check');
    const none = await readModule(body, '--check');

    expect(same).toMatchObject({ exitCode: 0 });
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toContain(`tools.py declares ${Own.hashHex}, and its annotations have 0x`);
    expect(none.stderr).toContain(`tools.py declares no __interface_hash__, and its annotations have ${Own.hashHex}`);
  });

  it('compares the annotations with the interface of a file', async () => {
    const folder = tempFolder();
    const source = (methods: string) =>
      `import { defineInterface, method, t } from ${JSON.stringify(library)};\nexport const I = defineInterface('I', { version: 1, methods: { ${methods} } });`;
    writeFileSync(join(folder, 'tools.py'), 'def f(x: int) -> str: ...\ndef g() -> None: ...\n');
    const checked = async (name: string, methods: string) => {
      writeFileSync(join(folder, name), source(methods));
      return fidiusIn(folder, ['interface', 'from', 'tools.py', '--python', python, '--out', name, '--check']);
    };

    const same = await checked('same.ts', 'f: method({ x: t.i64 }, t.string), g: method()');
    const other = await checked('other.ts', 'f: method({ x: t.u32 }, t.string), g: method()');
    const moved = await checked('moved.ts', 'g: method(), f: method({ x: t.i64 }, t.string)');

    expect(same).toMatchObject({ exitCode: 0 });
    expect(other.stderr).toContain('  only in TypeScript: f:u32->String\n  only in Python: f:i64->String');
    expect(moved.stderr).toContain('the order of the methods: g:->, f:i64->String in TypeScript');
  });
});

describe('fidius interface from, and fidius stub,', () => {
  const leaf = fc.constantFrom<AnyType>(
    t.bool,
    t.i64,
    t.f64,
    t.string,
    t.bytes,
    t.datetime,
    t.date,
    t.decimal,
    t.uuid,
    t.named('serde_json::Value'),
    t.enum('Mode', { fast: t.unit, slow: t.unit }),
    t.struct('Row', { id: t.i64, name: t.option(t.string) }),
  );
  const { type } = fc.letrec<{ type: AnyType }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3 },
      leaf,
      tie('type').map((item) => t.list(item) as AnyType),
      tie('type').map((inner) => (inner.shape.kind === 'option' ? inner : t.option(inner)) as AnyType),
      tie('type').map((value) => t.map(t.string, value) as AnyType),
      tie('type').map((item) => t.struct('Outer', { inner: item, ['class']: t.i64 }) as AnyType),
    ),
  }));
  const declared = fc
    .tuple(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'text', 'list'), { maxLength: 3 }),
      fc.array(type, { minLength: 4, maxLength: 4 }),
      fc.boolean(),
    )
    .map(([names, types, isStream]) => {
      const returned = types[3] as AnyType;
      const args = names.map((name, index) => ({ [name]: types[index] as AnyType }));
      return method(args as never, (isStream ? t.stream(returned) : returned) as never) as unknown as Method;
    });

  it('are inverse for everything that both can express', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('f', 'g', 'list_all'), declared, { minKeys: 1 }),
        async (methods) => {
          const definition = defineInterface('Shapes', { version: 7, methods });

          const { exitCode, stderr, stdout } = await readModule(generatePythonStub(definition));

          // Two structs of one name with different fields are two types in the stub.
          fc.pre(!/cannot be expressed/.test(stderr));
          expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: `__interface_hash__ = ${definition.hashHex}\n` });
          expect(stdout).toContain("defineInterface('Shapes', {\n  version: 7,");
        },
      ),
      { numRuns: 25 },
    );
  });
});
