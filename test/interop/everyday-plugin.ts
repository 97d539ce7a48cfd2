import { join } from 'node:path';
import { defineInterface, method, t } from '../../src/index.ts';
import { manifestText, writePackage } from '../support/plugin-folders.ts';

const Item = t.struct('Item', { name: t.string, count: t.u32, price: t.f64, tags: t.list(t.string) });

/** Methods of every kind that both hosts can call. */
export const Everyday = defineInterface('Everyday', {
  version: 1,
  methods: {
    greet: method({ name: t.string }, t.string),
    add: method({ a: t.i64, b: t.i64 }, t.i64),
    total: method({ items: t.list(Item) }, t.f64),
    restock: method([{ item: Item }, { by: t.u32 }], Item),
    count_words: method({ text: t.string }, t.map(t.string, t.u32)),
    is_even: method({ number: t.u64 }, t.bool),
    nothing: method({}, t.unit),
    reverse: method.raw(),
    vendored: method({}, t.string),
    // Objects here, text there.
    postpone: method([{ day: t.date }, { days: t.int53 }], t.date),
    with_tax: method({ price: t.decimal }, t.decimal),
    next_id: method({ id: t.uuid }, t.uuid),
    // A memoryview here, lists there.
    sums: method({ table: t.ndarray('float64', 2) }, t.ndarray('float64')),
  },
});

/** Writes a package that implements {@link Everyday} into a search path, and returns its folder. */
export function writeEveryday(searchPath: string, name = 'everyday'): string {
  // A module of its own for each name: a Rust host and this one keep modules by name.
  const entryModule = name.replaceAll('-', '_');
  const files = {
    [`${entryModule}.py`]: source(Everyday.hash),
    'vendor/interop_dep/__init__.py': "NAME = 'interop_dep of the package'\n",
    'data/größe.txt': 'groß\n',
  };
  return writePackage({ folder: join(searchPath, name), manifest: manifestText(name, entryModule, Everyday), files });
}

const source = (hash: bigint) => `from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import interop_dep

__interface_hash__ = 0x${hash.toString(16).padStart(16, '0')}


def greet(name):
    return (Path(__file__).parent / "data" / "größe.txt").read_text(encoding="utf-8").strip() + " " + name


def add(a, b):
    return a + b


def total(items):
    return sum(item["price"] * item["count"] for item in items)


def restock(item, by):
    return {**item, "count": item["count"] + by}


def count_words(text):
    words = text.split()
    return {word: words.count(word) for word in words}


def is_even(number):
    return number % 2 == 0


def nothing():
    return None


def reverse(data):
    return data[::-1]


def vendored():
    return interop_dep.NAME


def postpone(day, days):
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return day + timedelta(days=days)


def with_tax(price):
    return Decimal(price) * Decimal("1.19")


def next_id(id):
    return UUID(int=(UUID(id) if isinstance(id, str) else id).int + 1)


def sums(table):
    return [sum(row) for row in (table if isinstance(table, list) else table.tolist())]
`;
