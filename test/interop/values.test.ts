import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineInterface, isPluginError, method, PluginHost, t } from '../../src/index.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { reference } from './reference.ts';
import { askRustHost, type RustCall, type RustResult } from './rust-host.ts';
import { toJson } from './this-host.ts';

const Evaluator = defineInterface('Evaluator', {
  version: 1,
  methods: {
    give: method({ source: t.string }, t.result(t.named('serde_json::Value'))),
    give_raw: method.raw(t.result(t.bytes)),
    show: method({ value: t.named('serde_json::Value') }, t.string),
  },
});

const lines = [
  'import collections, dataclasses, datetime, decimal, enum, pathlib, uuid',
  'import fidius',
  '@dataclasses.dataclass',
  'class Point: x: int = 1',
  'class Level(enum.IntEnum): LOW = 1',
  'class Text(str): pass',
  'class Odd(fidius.PluginError): pass',
  'Pair = collections.namedtuple("Pair", "a b")',
  'def throw(error): raise error',
  'def give(source): return eval(source)',
  'def give_raw(source): return eval(bytes(source))',
  'def show(value): return repr(value)',
];

describe.skipIf(reference.host === undefined)('values and errors of Python', () => {
  it.each([
    'None',
    'True',
    '0',
    '-2**63',
    '"ä 🐍"',
    'Text("a")',
    '1.5',
    'Level.LOW',
    '[1, [2.5, None], []]',
    '(1, "a")',
    'Pair(1, [2])',
    '{"b": {"a": 1}, "": None}',
    'collections.OrderedDict(b=1)',
    'datetime.datetime(2020, 1, 2, 3, 4, 5)',
    'datetime.date(2020, 1, 2)',
    'decimal.Decimal("1.50")',
    'uuid.UUID(int=1)',
    'pathlib.PurePosixPath("a/b")',
  ])('%s comes to both hosts as the same', async (source) => {
    const [theirs] = inRust([['give', [source]]]);

    expect(theirs).toEqual({ value: toJson(await here('give', source)) });
  });

  it('come to a host in Rust as our pages say that they do', () => {
    const expected: Readonly<Record<string, unknown>> = {
      'b"ab"': [97, 98],
      'bytearray(b"ab")': "bytearray(b'ab')",
      '{1}': '{1}',
      'Point()': 'Point(x=1)',
      '{1: "a", True: "b", None: "c"}': { '1': 'b', None: 'c' },
      '{1: "a", "1": "b"}': { '1': 'b' },
      '2**64': 18446744073709552000,
    };

    const results = inRust(Object.keys(expected).map((source) => ['give', [source]]));

    expect(results).toEqual(Object.values(expected).map((value) => ({ value })));
    expect(inRust([['give', ['(x for x in "ab")']]])).toEqual([
      { value: expect.stringContaining('<generator object') },
    ]);
    expect(inRust([['give', ['float("nan")']]])).toEqual([{ error: expect.any(String) }]);
  });

  it('from raw methods are taken where Rust takes them', async () => {
    for (const source of ['b"ab"', 'bytearray(b"ab")', 'memoryview(b"ab")', '[97, 98]', '(97, 98)', 'range(97, 99)']) {
      const [theirs] = inRust([['give_raw', Buffer.from(source)]]);

      expect(theirs).toEqual({ raw: '6162' });
      expect(Buffer.from((await here('give_raw', Buffer.from(source))) as Uint8Array).toString('hex')).toBe('6162');
    }
    for (const source of ['"ab"', 'None', '{97}', '[256]']) {
      expect(inRust([['give_raw', Buffer.from(source)]])).toEqual([{ error: expect.any(String) }]);
      await expect(here('give_raw', Buffer.from(source))).rejects.toMatchObject({ code: 'FIDIUS_VALUE_RESULT' });
    }
  });

  it.each([null, true, 1, -(2 ** 53) + 1, 1.5, 'ä 🐍', [1, ['a']], { a: [null], 'b c': {} }])(
    '%j arrives from both hosts as the same',
    async (value) => {
      const [theirs] = inRust([['show', [value]]]);

      expect(theirs).toEqual({ value: await here('show', value) });
    },
  );

  it.each([
    'throw(ValueError("a", 1))',
    'throw(KeyError("nope"))',
    'throw(Exception())',
    '1 / 0',
    'throw(fidius.PluginError("NOT_FOUND", "no such thing"))',
    'throw(fidius.PluginError("A", "ä", {"b": [1, None, "🐍"], "a": 1.5}))',
    'throw(Odd("ODD", "of a subclass", [1]))',
    'throw(fidius.PluginError(1, 2))',
  ])('%s is raised in both hosts with the same code, message and details', async (source) => {
    const [theirs] = inRust([['give', [source]]]);
    const ours = await here('give', source).catch((error: unknown) => error);

    if (!isPluginError(ours) || theirs === undefined || !('raised' in theirs)) throw new Error(JSON.stringify(theirs));
    const [code, message, details] = theirs.raised;
    expect([ours.code, ours.message]).toEqual([code, message]);
    // Where there are no details of the plugin's own, Rust puts the frames there, which are a field of their own here.
    expect(ours.details ?? null).toEqual(source.includes('PluginError') || source.includes('Odd') ? details : null);
  });

  it('that JSON cannot hold are kept in the details of an error here, and lost or made text there', async () => {
    const source = 'throw(fidius.PluginError("A", "x", details={1: {2}}))';

    expect(inRust([['give', [source]]])).toEqual([{ raised: ['A', 'x', null] }]);
    await expect(here('give', source)).rejects.toMatchObject({ details: new Map([[1, new Set([2])]]) });
    expect(inRust([['give', [source.replace('{2}', '2')]]])).toEqual([{ raised: ['A', 'x', { '1': 2 }] }]);
  });
});

function writeEvaluator(): string {
  const searchPath = tempFolder();
  const dir = writePlugin(searchPath, 'evaluator', Evaluator, ...lines);
  cpSync('python/fidius', join(dir, 'vendor/fidius'), { recursive: true });
  return searchPath;
}

function inRust(calls: readonly RustCall[]): readonly RustResult[] {
  const answer = askRustHost({ searchPath: writeEvaluator(), package: 'evaluator', interface: Evaluator, calls });
  if ('error' in answer) throw new Error(answer.error);
  return answer.results;
}

async function here(name: string, input: unknown): Promise<unknown> {
  await using host = await PluginHost.open({ searchPaths: [writeEvaluator()] });
  const { client } = await host.load('evaluator', Evaluator);
  // Awaited here, as the host is closed when this function is left.
  return await (client as unknown as Record<string, (value: unknown) => Promise<unknown>>)[name]?.(input);
}
