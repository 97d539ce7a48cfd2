import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRustTokens, streamItem } from '../../../src/contract/hash/rust-source.ts';
import { spellRustType } from '../../../src/contract/hash/rust-spelling.ts';
import { t } from '../../../src/contract/t.ts';
import type { AnyType } from '../../../src/contract/type.ts';
import { isFidiusError } from '../../../src/errors/fidius-error.ts';
import { failureOf } from '../../support/failure.ts';

const { typeSpelling } = JSON.parse(readFileSync('test/fixtures/vectors/interface-hash.json', 'utf8')) as {
  readonly typeSpelling: readonly { readonly source: string; readonly compiler: string; readonly standalone: string }[];
};

const pair = t.tuple(t.u8, t.u8);

/** The types of the vectors that `t` has a word for. The others are what `t.named()` is there for. */
const expressed: Readonly<Record<string, { readonly rust: string }>> = {
  '&str': t.str,
  '()': t.unit,
  '(String, u32)': t.tuple(t.string, t.u32),
  '(Vec<u8>, u8)': t.tuple(t.bytes, t.u8),
  '(u32, String)': t.tuple(t.u32, t.string),
  '(u8, (i8, bool))': t.tuple(t.u8, t.tuple(t.i8, t.bool)),
  '(u8,)': t.tuple(t.u8),
  AddInput: t.struct('AddInput', {}),
  AddOutput: t.enum('AddOutput', ['A']),
  'HashMap<String, u32>': t.map(t.string, t.u32),
  'Option<(u8,)>': t.option(t.tuple(t.u8)),
  'Option<String>': t.option(t.string),
  'Result<(), PluginError>': t.result(t.unit),
  'Result<(u8, u8), String>': t.result(pair, t.string),
  'Result<String, PluginError>': t.result(t.string),
  'Result<u32, PluginError>': t.result(t.u32, 'PluginError'),
  'Vec<(u8, u8)>': t.list(pair),
  'Vec<u8>': t.bytes,
  '[[u8; 2]; 3]': t.array(t.array(t.u8, 2), 3),
  '[[u8; 3]; 2]': t.array(t.array(t.u8, 3), 2),
  '[u8; 32]': t.array(t.u8, 32),
  bool: t.bool,
  f32: t.f32,
  f64: t.f64,
  i128: t.i128,
  i64: t.i64,
  u32: t.u32,
  u64: t.u64,
  u8: t.u8,
  usize: t.usize,
};

describe('the spelling of a type', () => {
  it.each(typeSpelling)('is that of the compiler for $source', ({ source, compiler }) => {
    expect(spellRustType(t.named(source).rust, 'compiler')).toBe(compiler);
  });

  it.each(typeSpelling)('is that of the standalone printer for $source', ({ source, standalone }) => {
    expect(spellRustType(t.named(source).rust, 'standalone')).toBe(standalone);
  });

  const ofVectors = typeSpelling.filter(({ source }) => source in expressed);

  it.each(ofVectors)('comes out of t.* for $source', ({ source, compiler, standalone }) => {
    const { rust } = expressed[source] as AnyType;

    expect(spellRustType(rust, 'compiler')).toBe(compiler);
    expect(spellRustType(rust, 'standalone')).toBe(standalone);
  });

  it('has a vector for each type expressed here', () => {
    expect(ofVectors.map(({ source }) => source).toSorted()).toEqual(Object.keys(expressed).toSorted());
  });

  it.each([
    ['a BTreeMap', t.map.btree(t.u64, t.list(t.bool)).rust, 'BTreeMap < u64, Vec < bool > >'],
    ['a list of bytes as numbers', t.list(t.u8).rust, 'Vec < u8 >'],
    ['a nested option', t.option(t.option(t.char)).rust, 'Option < Option < char > >'],
    ['another error type', t.result(t.string, 'fidius::PluginError').rust, 'Result < String, fidius :: PluginError >'],
    ['white space and line ends', 'HashMap <\n  String,\tu32\n>', 'HashMap < String, u32 >'],
    ['a negative literal', 'Foo<-1>', 'Foo < -1 >'],
    ['a subtraction', '[u8; N - 1]', '[u8; N - 1]'],
    ['strings that look like brackets', 'Foo<"a>(", r#"b"c"#, \'>\'>', 'Foo < "a>(", r#"b"c"#, \'>\' >'],
    ['a never type before a comma', 'Result<!, E>', 'Result < ! , E >'],
    ['an empty block', '[u8; {}]', '[u8; {}]'],
    ['letters beyond ASCII', 'Größe<u8>', 'Größe < u8 >'],
    ['a minus that is an operator', '[Foo<{ -1 }>; -1]', '[Foo < { - 1 } > ; - 1]'],
    ['a negative argument after another', 'Foo<-1, N = -2>', 'Foo < -1, N = -2 >'],
    ['a variadic function', 'unsafe extern "C" fn(u8, ...)', 'unsafe extern "C" fn(u8, ...)'],
    ['a field and a macro', '[u8; a.b + c!(d)]', '[u8; a.b + c! (d)]'],
  ])('of %s', (_what, source, spelled) => {
    expect(spellRustType(source, 'compiler')).toBe(spelled);
  });

  // What rustc 1.95 prints; its lines have 78 columns.
  it.each([
    [
      'Result<HashMap<i32, Vec<i16>>, Box<dyn std::error::Error + Send + Sync>>',
      ['Result < HashMap < i32, Vec < i16 > > , Box < dyn std :: error :: Error + Send', '+ Sync > >'],
    ],
    [
      'Result<(Vec<HashMap<u64, isize>>, Vec<HashMap<char, ()>>, Vec<HashMap<u64, bool>>), PluginError>',
      [
        'Result <',
        '(Vec < HashMap < u64, isize > > , Vec < HashMap < char, () > > , Vec < HashMap',
        '< u64, bool > >), PluginError >',
      ],
    ],
    [
      'Größe<Größe<Größe<u8>>, Größe<Größe<i64>>, Größe<Größe<i64>>, Größe<Größe<u8>>>',
      [
        'Größe < Größe < Größe < u8 > > , Größe < Größe < i64 > > , Größe <',
        'Größe < i64 > > , Größe < Größe < u8 > > >',
      ],
    ],
    [
      'Matrix<u8, { rows_of_a_matrix(1, 2) + columns_of_a_matrix(3) + 123456789 + 987654321 + 11111 }>',
      [
        'Matrix < u8,',
        '{',
        '    rows_of_a_matrix(1, 2) + columns_of_a_matrix(3) + 123456789 + 987654321 +',
        '    11111',
        '} >',
      ],
    ],
    [`A${'b'.repeat(90)}<u8>`, [`A${'b'.repeat(90)}`, '< u8 >']],
  ])('breaks the lines of %s as the compiler does', (source, lines) => {
    expect(spellRustType(source, 'compiler')).toBe(lines.join('\n'));
    expect(spellRustType(source, 'standalone')).not.toContain('\n');
  });

  it('puts lifetimes before other generic arguments, each with the comma that followed it', () => {
    expect(spellRustType("Foo<u8, 'a, i8>", 'compiler')).toBe("Foo < 'a, u8, i8 >");
    expect(spellRustType("Foo<Bar<u8, 'b>, 'a>", 'compiler')).toBe("Foo < 'a, Bar < 'b, u8, > , >");
  });

  it('is a type of the same spelling again, or the source was none', () => {
    const piece = fc.constantFrom(
      ..."Vec u8 r#type < > ( ) [ ] { } , ; :: -> & 'a 'c' \"s\" 3 - = + _ fn dyn mut # ' \"".split(' '),
    );
    const source = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(' '));

    fc.assert(
      fc.property(source, fc.constantFrom('compiler' as const, 'standalone' as const), (text, spelling) => {
        const spelled = outcomeOf(() => spellRustType(text, spelling));
        expect(outcomeOf(() => (spelled === undefined ? undefined : spellRustType(spelled, spelling)))).toBe(spelled);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['nothing', ' ', 'it is empty'],
    ['an open bracket', 'Vec<(u8', 'the ( at 4 is never closed'],
    ['a bracket that closes nothing', 'u8)', 'unexpected ")" at 2'],
    ['too many brackets', '('.repeat(300), 'it has more than 200 brackets inside each other'],
    ['an open string', 'Foo<"a>', 'unexpected "\\"" at 4'],
  ])('is refused for %s', async (_what, source, problem) => {
    const error = await failureOf(() => t.named(source));

    expect(error.code).toBe('FIDIUS_INTERFACE_INVALID');
    expect(error.message).toBe(`Not the source of a Rust type: ${JSON.stringify(source)}, ${problem}`);
  });
});

/** What came of an attempt that may only fail because the text is no Rust. */
function outcomeOf<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (isFidiusError(error) && error.code === 'FIDIUS_INTERFACE_INVALID') return undefined;
    throw error;
  }
}

describe('a stream', () => {
  it.each([
    'Stream<u64>',
    'fidius::Stream<u64>',
    '::fidius::Stream<u64>',
    'a::b::Stream::<u64>',
    'a::B<u8, i8>::Stream<u64>',
    '<T as Trait>::Stream<u64>',
    'Stream<u64,>',
  ])('is recognised in %s', (source) => {
    expect(streamItem(parseRustTokens(source))).toEqual(parseRustTokens('u64'));
  });

  it.each([
    'Stream',
    'Stream<>',
    'Streams<u64>',
    'MyStream<u64>',
    'Stream<u8, u8>',
    "Stream<'a>",
    'Stream<3>',
    'Stream<Item = u8>',
    'Stream<u8>::Item',
    'Box<Stream<u8>>',
    '&Stream<u8>',
    'dyn Stream<u8>',
    'Result<Stream<u8>, E>',
  ])('is not seen in %s', (source) => {
    expect(streamItem(parseRustTokens(source))).toBeUndefined();
  });
});
