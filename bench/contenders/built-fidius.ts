/** The library as it is published: compiled and joined into one file. */
export const fidius = (await import(
  new URL('../../dist/bundle/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts');
const { defineHostInterface, defineInterface, method, t } = fidius;

const Row = t.struct('Row', { id: t.u32, name: t.string, score: t.f64, ok: t.bool });
const anything = t.named('serde_json::Value');

/** The functions of `plugin/bench_plugin.py`; the order gives the indices. */
export const Bench = defineInterface('Bench', {
  version: 1,
  methods: {
    add: method({ a: t.i64, b: t.i64 }, t.i64),
    echo: method({ value: anything }, anything),
    echo_bytes: method.raw(),
    echo_json: method({ text: t.string }, t.string),
    echo_rows: method({ rows: t.list(Row) }, t.list(Row)),
    echo_floats: method({ values: t.list(t.f64) }, t.list(t.f64)),
    numpy_array: method({ length: t.u32 }, anything),
    add_coroutine: method({ a: t.i64, b: t.i64 }, t.i64),
    start_echo_thread: method({}, t.i32),
    count_up: method({ length: t.u32 }, t.stream(t.i64)),
    row: method({ number: t.u32 }, Row),
    stream_rows: method({ length: t.u32 }, t.stream(Row)),
    ask_host: method({ count: t.u32 }, t.i64),
  },
});

/** The function that `ask_host` calls. */
const BenchHost = defineHostInterface('BenchHost', {
  version: 1,
  functions: { add: method({ a: t.i64, b: t.i64 }, t.i64) },
});

export const provide = [BenchHost.implement({ add: (a, b) => a + b })];

/** Index of a method, for the untyped handle. */
export function indexOf(name: string): number {
  return Bench.methods.findIndex((each) => each.name === name);
}
