import { describe, expectTypeOf, it } from 'vitest';
import {
  type BytesInput,
  type CallOptions,
  type Client,
  defineInterface,
  type InputOf,
  type ItemStream,
  method,
  type NdArrayOf,
  type NumberArray,
  type OutputOf,
  type StreamOptions,
  type SyncCallOptions,
  type SyncClient,
  type SyncItemStream,
  t,
} from '../../src/index.ts';

// These are tests of what the compiler thinks: `tsc` runs them. At run time they only show that nothing throws.

const Row = t.struct('Row', { id: t.u64, name: t.string, price: t.f64, note: t.option(t.string) });
const Shape = t.enum('Shape', {
  Dot: t.unit,
  Circle: t.f64,
  Line: t.tuple(t.f64, t.u64),
  Box: { width: t.u8, label: t.option(t.string) },
});
const Color = t.enum('Color', ['Red', 'Green']);

interface RowOutput {
  id: bigint;
  name: string;
  price: number;
  note: string | null;
}

describe('the type of a result', () => {
  it('is that of its declaration', () => {
    expectTypeOf<OutputOf<typeof t.bool>>().toEqualTypeOf<boolean>();
    expectTypeOf<OutputOf<typeof t.i8>>().toEqualTypeOf<number>();
    expectTypeOf<OutputOf<typeof t.u32>>().toEqualTypeOf<number>();
    expectTypeOf<OutputOf<typeof t.i64>>().toEqualTypeOf<bigint>();
    expectTypeOf<OutputOf<typeof t.usize>>().toEqualTypeOf<bigint>();
    expectTypeOf<OutputOf<typeof t.u128>>().toEqualTypeOf<bigint>();
    expectTypeOf<OutputOf<typeof t.f32>>().toEqualTypeOf<number>();
    expectTypeOf<OutputOf<typeof t.char>>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof t.string>>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof t.bytes>>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<OutputOf<typeof t.unit>>().toEqualTypeOf<undefined>();
    expectTypeOf<OutputOf<typeof t.int53>>().toEqualTypeOf<number>();
    expectTypeOf<OutputOf<typeof t.datetime>>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof t.decimal>>().toEqualTypeOf<string>();
    const vector = t.ndarray('float64');
    expectTypeOf<OutputOf<typeof vector>>().toEqualTypeOf<Float64Array>();
    const matrix = t.ndarray('int64', 2);
    expectTypeOf<OutputOf<typeof matrix>>().toEqualTypeOf<NdArrayOf<'int64'>>();
  });

  it('is built from its parts', () => {
    const list = t.list(t.i64);
    expectTypeOf<OutputOf<typeof list>>().toEqualTypeOf<bigint[]>();
    const array = t.array(t.list(t.bool), 2);
    expectTypeOf<OutputOf<typeof array>>().toEqualTypeOf<boolean[][]>();
    const tuple = t.tuple(t.string, t.i64, t.option(t.u8));
    expectTypeOf<OutputOf<typeof tuple>>().toEqualTypeOf<[string, bigint, number | null]>();
    const byName = t.map(t.string, t.i64);
    expectTypeOf<OutputOf<typeof byName>>().toEqualTypeOf<Record<string, bigint>>();
    const byNumber = t.map.btree(t.u64, Row);
    expectTypeOf<OutputOf<typeof byNumber>>().toEqualTypeOf<Map<bigint, RowOutput>>();
    expectTypeOf<OutputOf<typeof Row>>().toEqualTypeOf<RowOutput>();
    expectTypeOf<OutputOf<typeof Color>>().toEqualTypeOf<'Red' | 'Green'>();
    expectTypeOf<OutputOf<typeof Shape>>().toEqualTypeOf<
      'Dot' | { Circle: number } | { Line: [number, bigint] } | { Box: { width: number; label: string | null } }
    >();
    const boxed = t.named('Box<Row>', Row);
    expectTypeOf<OutputOf<typeof boxed>>().toEqualTypeOf<RowOutput>();
    const value = t.named('serde_json::Value');
    expectTypeOf<OutputOf<typeof value>>().toEqualTypeOf<unknown>();
  });
});

describe('the type of an argument', () => {
  it('is as wide as what is taken', () => {
    expectTypeOf<InputOf<typeof t.i64>>().toEqualTypeOf<bigint | number>();
    expectTypeOf<InputOf<typeof t.u32>>().toEqualTypeOf<number>();
    expectTypeOf<InputOf<typeof t.int53>>().toEqualTypeOf<number>();
    expectTypeOf<InputOf<typeof t.datetime>>().toEqualTypeOf<string | Date>();
    expectTypeOf<InputOf<typeof t.naiveDatetime>>().toEqualTypeOf<string>();
    expectTypeOf<InputOf<typeof t.decimal>>().toEqualTypeOf<string | bigint>();
    const vector = t.ndarray('float64', 1);
    expectTypeOf<Float64Array>().toExtend<InputOf<typeof vector>>();
    expectTypeOf<number[]>().toExtend<InputOf<typeof vector>>();
    expectTypeOf<Float32Array>().not.toExtend<InputOf<typeof vector>>();
    const matrix = t.ndarray('int8', 2);
    expectTypeOf<{ shape: [2, 1]; data: Int8Array }>().toExtend<InputOf<typeof matrix>>();
    expectTypeOf<OutputOf<typeof matrix>>().toExtend<InputOf<typeof matrix>>();
    expectTypeOf<Int8Array>().not.toExtend<InputOf<typeof matrix>>();
    expectTypeOf<InputOf<typeof t.bytes>>().toEqualTypeOf<BytesInput>();
    const list = t.list(t.u64);
    expectTypeOf<InputOf<typeof list>>().toEqualTypeOf<
      readonly (bigint | number)[] | NumberArray | BigInt64Array | BigUint64Array
    >();
    const texts = t.list(t.string);
    expectTypeOf<InputOf<typeof texts>>().toEqualTypeOf<readonly string[]>();
    const map = t.map(t.string, t.u8);
    expectTypeOf<InputOf<typeof map>>().toEqualTypeOf<ReadonlyMap<string, number> | Readonly<Record<string, number>>>();
    const byNumber = t.map(t.u8, t.u8);
    expectTypeOf<InputOf<typeof byNumber>>().toEqualTypeOf<ReadonlyMap<number, number>>();
  });

  it('lets optional fields of a struct be left out, and no others', () => {
    expectTypeOf({ id: 1, name: 'a', price: 2 }).toExtend<InputOf<typeof Row>>();
    expectTypeOf({ id: 1n, name: 'a', price: 2, note: null }).toExtend<InputOf<typeof Row>>();
    expectTypeOf({ id: 1, name: 'a' }).not.toExtend<InputOf<typeof Row>>();
  });

  it('takes what a result gave', () => {
    expectTypeOf<OutputOf<typeof Row>>().toExtend<InputOf<typeof Row>>();
    expectTypeOf<OutputOf<typeof Shape>>().toExtend<InputOf<typeof Shape>>();
  });
});

const Demo = defineInterface('Demo', {
  version: 1,
  methods: {
    greet: method({ name: t.string }, t.string),
    shout: method({ text: t.string }, t.result(t.list(t.string))),
    ping: method(),
    check: method({}, t.unit),
    add: method({ a: t.i64, b: t.i64 }, t.i64),
    find: method([{ rows: t.list(Row) }, { name: t.string }, { limit: t.option(t.u32) }], t.option(Row)),
    reverse: method.raw(),
    apply: method.raw(t.result(t.bytes)),
    tick: method({ count: t.u32 }, t.stream(t.u64)),
    load: method([{ rows: t.stream(Row) }, { strict: t.bool }], t.u32),
    draw: method({ shape: Shape }, t.bool, { optional: true, since: 2 }),
    erase: method.raw(t.bytes, { optional: true }),
  },
});

type Rows = Iterable<InputOf<typeof Row>> | AsyncIterable<InputOf<typeof Row>>;

describe('a client', () => {
  it('has functions that return promises', () => {
    type C = Client<typeof Demo>;
    expectTypeOf<C['greet']>().toEqualTypeOf<(name: string, options?: CallOptions) => Promise<string>>();
    expectTypeOf<C['shout']>().returns.toEqualTypeOf<Promise<string[]>>();
    expectTypeOf<C['ping']>().toEqualTypeOf<(options?: CallOptions) => Promise<undefined>>();
    expectTypeOf<C['check']>().returns.toEqualTypeOf<Promise<undefined>>();
    expectTypeOf<C['add']>().toEqualTypeOf<
      (a: bigint | number, b: bigint | number, options?: CallOptions) => Promise<bigint>
    >();
    expectTypeOf<C['find']>().toEqualTypeOf<
      (
        rows: readonly InputOf<typeof Row>[],
        name: string,
        limit: number | null | undefined,
        options?: CallOptions,
      ) => Promise<RowOutput | null>
    >();
    expectTypeOf<C['reverse']>().toEqualTypeOf<(data: BytesInput, options?: CallOptions) => Promise<Uint8Array>>();
    expectTypeOf<C['apply']>().returns.toEqualTypeOf<Promise<Uint8Array>>();
  });

  it('has async iterables where something streams', () => {
    type C = Client<typeof Demo>;
    expectTypeOf<C['tick']>().toEqualTypeOf<(count: number, options?: StreamOptions) => ItemStream<bigint>>();
    expectTypeOf<C['load']>().toEqualTypeOf<(rows: Rows, strict: boolean, options?: CallOptions) => Promise<number>>();
  });

  it('may lack what is optional', () => {
    type C = Client<typeof Demo>;
    expectTypeOf<C['draw']>().toEqualTypeOf<
      ((shape: InputOf<typeof Shape>, options?: CallOptions) => Promise<boolean>) | undefined
    >();
    expectTypeOf<undefined>().toExtend<C['erase']>();
    expectTypeOf<undefined>().not.toExtend<C['greet']>();
  });

  it('has no other methods', () => {
    // @ts-expect-error a misspelt name
    expectTypeOf<Client<typeof Demo>>().toHaveProperty('great');
  });

  it('that blocks returns the results themselves, and takes no signal', () => {
    type C = SyncClient<typeof Demo>;
    expectTypeOf<C['greet']>().toEqualTypeOf<(name: string, options?: SyncCallOptions) => string>();
    expectTypeOf<C['ping']>().returns.toEqualTypeOf<undefined>();
    expectTypeOf<C['tick']>().returns.toEqualTypeOf<SyncItemStream<bigint>>();
    expectTypeOf<{ signal: AbortSignal }>().not.toExtend<SyncCallOptions>();
  });
});

describe('several arguments of different types', () => {
  it('need a list, since the compiler does not see the order of properties', () => {
    const attempts = [
      // @ts-expect-error arguments of different types need a list
      () => method({ text: t.string, count: t.u32 }, t.string),
      // @ts-expect-error an option is not what it holds
      () => method({ a: t.string, b: t.option(t.string) }),
      // @ts-expect-error a stream is not its items
      () => method({ a: t.string, b: t.stream(t.string) }),
      () => method({ a: t.string, b: t.str, c: t.char }),
      () => method({ a: t.list(t.i64), b: t.array(t.u64, 2) }),
    ];
    expectTypeOf(attempts).toBeArray();
  });

  it('are one per object of the list', () => {
    const attempts = [
      () => method([{ a: t.u8 }, { b: t.string }]),
      // @ts-expect-error two in one
      () => method([{ a: t.u8, b: t.string }]),
    ];
    expectTypeOf(attempts).toBeArray();
  });
});

describe('a type', () => {
  it('stands alone when it is a stream or a result', () => {
    const attempts = [
      // @ts-expect-error a stream inside a list
      () => t.list(t.stream(t.u8)),
      // @ts-expect-error a result inside an option
      () => t.option(t.result(t.u8)),
      // @ts-expect-error a result as an argument
      () => method({ a: t.result(t.u8) }),
      // @ts-expect-error text as a return of a raw method
      () => method.raw(t.string),
      // @ts-expect-error an option that method() does not have
      () => method({}, t.u8, { optinal: true }),
    ];
    expectTypeOf(attempts).toBeArray();
  });
});
