import { defineInterface, type Interface, method, t } from '../../src/index.ts';

const AddInput = t.struct('AddInput', { a: t.i64, b: t.i64 });
const AddOutput = t.struct('AddOutput', { result: t.i64 });
const MulInput = t.struct('MulInput', { a: t.i64, b: t.i64 });
const MulOutput = t.struct('MulOutput', { result: t.i64 });
const Row = t.struct('Row', { id: t.u32 });

/** The interfaces of `fixtures/vectors/interface-hash.json`, by their id, as one would write them in TypeScript. */
export const interfaces: Readonly<Record<string, Interface>> = {
  Empty: defineInterface('Empty', { version: 1, methods: {} }),
  OnlyOptional: defineInterface('OnlyOptional', {
    version: 1,
    methods: { extra: method({ value: t.string }, t.string, { optional: true }) },
  }),
  ZeroArgString: defineInterface('ZeroArgString', { version: 1, methods: { name: method({}, t.string) } }),
  ZeroArgNoReturn: defineInterface('ZeroArgNoReturn', { version: 1, methods: { ping: method() } }),
  ExplicitUnitReturn: defineInterface('ExplicitUnitReturn', { version: 1, methods: { ping: method({}, t.unit) } }),
  OneArg: defineInterface('OneArg', { version: 1, methods: { greet: method({ name: t.string }, t.string) } }),
  TwoArgs: defineInterface('TwoArgs', { version: 1, methods: { add_direct: method({ a: t.i64, b: t.i64 }, t.i64) } }),
  ThreeArgsMixed: defineInterface('ThreeArgsMixed', {
    version: 1,
    methods: { mix: method([{ count: t.i64 }, { text: t.string }, { flag: t.bool }], t.f64) },
  }),
  BytePipe: defineInterface('BytePipe', {
    version: 1,
    methods: { reverse: method.raw(), name: method({}, t.string) },
  }),
  BytePipeTyped: defineInterface('BytePipeTyped', {
    version: 1,
    methods: { reverse: method({ data: t.bytes }, t.bytes), name: method({}, t.string) },
  }),
  BytePipeReordered: defineInterface('BytePipeReordered', {
    version: 1,
    methods: { name: method({}, t.string), reverse: method.raw() },
  }),
  RawResult: defineInterface('RawResult', { version: 1, methods: { apply: method.raw(t.result(t.bytes)) } }),
  Ticker: defineInterface('Ticker', { version: 1, methods: { tick: method({ count: t.u32 }, t.stream(t.u64)) } }),
  TickerUnary: defineInterface('TickerUnary', { version: 1, methods: { tick: method({ count: t.u32 }, t.u64) } }),
  TickerBareStream: defineInterface('TickerBareStream', {
    version: 1,
    methods: { tick: method({ count: t.u32 }, t.named('Stream<u64>', t.stream(t.u64))) },
  }),
  Sink: defineInterface('Sink', {
    version: 1,
    methods: { load: method({ rows: t.named('fidius_core::Stream<u64>', t.stream(t.u64)) }, t.u64) },
  }),
  Transformer: defineInterface('Transformer', {
    version: 1,
    methods: {
      transform: method(
        { items: t.named('fidius_core::Stream<u64>', t.stream(t.u64)) },
        t.named('fidius_core::Stream<u64>', t.stream(t.u64)),
      ),
    },
  }),
  StreamOfVec: defineInterface('StreamOfVec', { version: 1, methods: { rows: method({}, t.stream(t.list(Row))) } }),
  Greeter: defineInterface('Greeter', {
    version: 1,
    methods: {
      greet: method({ name: t.string }, t.string),
      greet_fancy: method({ name: t.string }, t.string, { optional: true, since: 2 }),
    },
  }),
  Calculator: defineInterface('Calculator', {
    version: 1,
    methods: {
      add: method({ input: AddInput }, AddOutput),
      add_direct: method({ a: t.i64, b: t.i64 }, t.i64),
      version: method({}, t.string),
      multiply: method({ input: MulInput }, MulOutput, { optional: true }),
    },
  }),
  ArenaEcho: defineInterface('ArenaEcho', { version: 1, methods: { echo: method({ text: t.string }, t.string) } }),
  TestHostSurface: defineInterface('TestHostSurface', {
    version: 1,
    methods: {
      release_slot: method({ slot: t.string }, t.result(t.unit)),
      reclaim_slot: method({ slot: t.string }, t.result(t.u32)),
      get_value: method({ key: t.string }, t.string),
      panicky: method({}, t.u32),
    },
  }),
  // Whether a method is async in Rust is not part of the hash, and not said here either.
  AsyncSameAsSync: defineInterface('AsyncSameAsSync', {
    version: 1,
    methods: { process: method({ input: t.string }, t.string) },
  }),
  SyncTwin: defineInterface('SyncTwin', { version: 1, methods: { process: method({ input: t.string }, t.string) } }),
  RefStr: defineInterface('RefStr', { version: 1, methods: { greet: method({ name: t.str }, t.string) } }),
  RefStaticStr: defineInterface('RefStaticStr', {
    version: 1,
    methods: { label: method({}, t.named("&'static str", t.string)) },
  }),
  MutRef: defineInterface('MutRef', {
    version: 1,
    methods: { fill: method({ buffer: t.named('&mut [u8]', t.bytes) }) },
  }),
  ResultString: defineInterface('ResultString', {
    version: 1,
    methods: { shout: method({ text: t.string }, t.result(t.string)) },
  }),
  ResultUnit: defineInterface('ResultUnit', {
    version: 1,
    methods: { check: method({ level: t.u8 }, t.result(t.unit)) },
  }),
  BoxDynFn: defineInterface('BoxDynFn', {
    version: 1,
    methods: { hook: method({ callback: t.named('Box<dyn Fn(u8, u8) -> u8 + Send>') }, t.bool) },
  }),
  AbsolutePath: defineInterface('AbsolutePath', {
    version: 1,
    methods: {
      echo: method({ text: t.named('::std::string::String', t.string) }, t.named('::std::string::String', t.string)),
    },
  }),
  RawIdentMethod: defineInterface('RawIdentMethod', {
    version: 1,
    methods: { 'r#type': method({ value: t.u8 }, t.u8) },
  }),
  RawIdentType: defineInterface('RawIdentType', {
    version: 1,
    methods: { echo: method({ value: t.struct('r#type', {}) }, t.struct('r#type', {})) },
  }),
  CaseSensitive: defineInterface('CaseSensitive', { version: 1, methods: { name: method({}, t.named('string')) } }),
  CharU128: defineInterface('CharU128', {
    version: 1,
    methods: { wide: method([{ letter: t.char }, { large: t.u128 }, { small: t.i128 }], t.f32) },
  }),
  ManyOptional: defineInterface('ManyOptional', {
    version: 1,
    methods: {
      req: method({ value: t.u8 }, t.u8),
      o1: method({}, t.u8, { optional: true }),
      o2: method.raw(t.bytes, { optional: true }),
      o3: method({}, t.stream(t.u8), { optional: true }),
    },
  }),
};
