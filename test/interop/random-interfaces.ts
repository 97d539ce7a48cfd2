import fc from 'fast-check';
import {
  type AnyType,
  defineInterface,
  type Interface,
  type Method,
  type Methods,
  method,
  t,
} from '../../src/index.ts';

/** Another number, other interfaces; the same number, the same ones, so that nothing has to be compiled again. */
export const interfaceSeed = Number(process.env['FIDIUS_INTEROP_SEED'] ?? 1);

/** Interfaces of any shape that compile in Rust. The user types they name stand in `reference/hashes/src/types.rs`. */
export function randomInterfaces(count: number, seed: number): readonly Interface[] {
  const samples = fc.sample(fc.dictionary(name, anyMethod, { maxKeys: 6, noNullPrototype: true }), {
    seed,
    numRuns: count,
  });
  return samples.map((methods, index) =>
    defineInterface(`Random${index}`, { version: (index % 7) + 1, methods: withoutTwins(methods) }),
  );
}

const name = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,10}[éß日]?$/)
  // Rust's reserved words and what the macro gives a meaning; a lone underscore is no name.
  .map((text) => (/^_*$/.test(text) ? `${text}m` : text))
  .filter((text) => !reserved.has(text) && text === text.normalize('NFC'));

const reserved = new Set(
  (
    'abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if ' +
    'impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try ' +
    'type typeof unsafe unsized use virtual where while yield'
  ).split(' '),
);

const scalar: fc.Arbitrary<AnyType> = fc.constantFrom<AnyType[]>(
  t.bool,
  t.i8,
  t.i16,
  t.i32,
  t.i64,
  t.i128,
  t.isize,
  t.u8,
  t.u16,
  t.u32,
  t.u64,
  t.u128,
  t.usize,
  t.f32,
  t.f64,
  t.char,
  t.string,
  t.bytes,
  t.unit,
  t.datetime,
  t.decimal,
  t.int53,
  t.ndarray('float32', 2),
);

const userType: fc.Arbitrary<AnyType> = fc.constantFrom<AnyType[]>(
  t.struct('Row', { id: t.u32 }),
  t.struct('Größe', {}),
  t.struct('r#type', {}),
  t.enum('AddInput', { one: t.unit }),
  t.named('::std::string::String', t.string),
  t.named('serde_json::Value'),
  t.named('Counted<-1>'),
  t.named('Counted<{ 1 + 2 }>'),
);

/** Sources of types with gaps for other types, for what `t.*` has no word. */
const templates: readonly string[] = [
  'Box<A>',
  'Vec<(A, B)>',
  'Result<A, B>',
  '::std::vec::Vec<A>',
  "Cow<'static, str>",
  "&'static [A]",
  "&'static mut A",
  '*const A',
  '*mut [A; 4]',
  '[A; 2 * 3]',
  '(A)',
  '(A,)',
  'fn(A, B) -> A',
  'unsafe extern "C" fn(A, ...)',
  'fn(A)',
  'Box<dyn Fn(A, B) -> A + Send + Sync>',
  "Box<dyn for<'a> Fn(&'a A) -> &'a A + 'static>",
  'Box<dyn Iterator<Item = A>>',
  '<Vec<A> as IntoIterator>::Item',
  'HashMap<A, B, std::collections::hash_map::RandomState>',
  "Lent<'static, A, 3>",
  "Lent<'static, A, { 1 + 2 }>",
  "Pair<'static, 'static, A, B>",
  'Vec::<A>',
];

const key = fc.constantFrom<AnyType[]>(t.string, t.char, t.bool, t.i32, t.u64);

const { owned } = fc.letrec<{ owned: AnyType; pair: [AnyType, AnyType] }>((tie) => ({
  owned: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: userType },
    { weight: 1, arbitrary: tie('owned').map((item) => t.list(item)) },
    { weight: 1, arbitrary: fc.tuple(tie('owned'), fc.nat(64)).map(([item, length]) => t.array(item, length)) },
    { weight: 1, arbitrary: tie('owned').map((inner) => t.option(inner)) },
    { weight: 1, arbitrary: fc.array(tie('owned'), { minLength: 1, maxLength: 4 }).map((items) => t.tuple(...items)) },
    { weight: 1, arbitrary: fc.tuple(key, tie('owned')).map(([k, value]) => t.map(k, value)) },
    { weight: 1, arbitrary: fc.tuple(key, tie('owned')).map(([k, value]) => t.map.btree(k, value)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...templates), tie('pair'))
        .map(([source, [a, b]]) => t.named(source.replaceAll(/\b[AB]\b/g, (gap) => (gap === 'A' ? a : b).rust))),
    },
  ),
  pair: fc.tuple(tie('owned'), tie('owned')),
}));

/** Beside what a type may contain, what may stand alone: references, whose lifetime Rust then finds by itself. */
const whole: fc.Arbitrary<AnyType> = fc.oneof(
  { weight: 6, arbitrary: owned },
  { weight: 1, arbitrary: fc.constant(t.str) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('&A', '&mut A', '&[A]', '&&A', 'Vec<&A>', 'Option<&[A]>'), owned)
      .map(([source, inner]) => t.named(source.replace('A', inner.rust))),
  },
);

/** The types that the arbitrary below made: only one argument of a method may be one of them. */
const streams = new WeakSet<object>();
const isStream = (type: object) => streams.has(type);

const stream = fc
  .oneof(
    owned.map((item) => t.stream(item)),
    fc
      .tuple(fc.constantFrom('Stream', 'fidius_core::Stream', '::fidius::Stream', 'Stream::'), owned)
      .map(([path, item]) => t.named(`${path}<${item.rust}>`, t.stream(item))),
  )
  .map((type) => {
    streams.add(type);
    return type;
  });

const result = fc
  .tuple(owned, fc.constantFrom('PluginError', 'String', 'Box<dyn std::error::Error + Send + Sync>'))
  .map(([inner, error]) => t.result(inner, error));

const options = fc.constantFrom({}, {}, {}, { optional: true, since: 2 }, { optional: true });

const typedMethod = fc
  .tuple(
    fc.array(fc.oneof({ weight: 8, arbitrary: whole }, { weight: 1, arbitrary: stream }), { maxLength: 4 }),
    fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: whole }, result, stream),
    options,
  )
  .map(([list, returns, more]): Method => {
    const oneStream = list.filter((type, index) => !isStream(type) || list.findIndex(isStream) === index);
    const groups = oneStream.map((type, index) => ({ [`a${index}`]: type }));
    return method(groups as never, returns, more) as Method;
  });

const rawMethod = fc
  .tuple(fc.constantFrom(t.bytes, t.result(t.bytes), t.result(t.bytes, 'String')), options)
  .map(([returns, more]): Method => method.raw(returns, more) as Method);

const anyMethod = fc.oneof({ weight: 9, arbitrary: typedMethod }, { weight: 1, arbitrary: rawMethod });

/** The macro names constants after the methods in capital letters, so those must differ. */
function withoutTwins(methods: Readonly<Record<string, Method>>): Methods {
  const byConstant = new Map(Object.entries(methods).map((entry) => [entry[0].toUpperCase(), entry]));
  return Object.fromEntries(byConstant.values());
}
