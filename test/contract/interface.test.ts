import { describe, expect, it } from 'vitest';
import { defineInterface, isInterface, method, t } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';

const define = (methods: object) => defineInterface('Demo', { version: 1, methods: methods as never });

describe('an interface', () => {
  const Demo = defineInterface('Demo', {
    version: 3,
    metadata: { owner: 'data' },
    doc: 'Shows things.',
    methods: {
      first: method({ a: t.u8 }, t.u8, { doc: 'Comes first.', metadata: { cost: 'low' } }),
      maybe: method({}, t.string, { optional: true, since: 2 }),
      second: method.raw(),
      perhaps: method({}, t.stream(t.u8), { optional: true }),
      feed: method([{ rows: t.stream(t.u8) }, { limit: t.u8 }], t.u32),
    },
  });

  it('numbers its methods in the order of their declaration, optional ones included', () => {
    expect(Demo.methods.map(({ name, index }) => [name, index])).toEqual([
      ['first', 0],
      ['maybe', 1],
      ['second', 2],
      ['perhaps', 3],
      ['feed', 4],
    ]);
  });

  it('gives each optional method a separate bit', () => {
    expect(Demo.methods.map(({ capabilityBit }) => capabilityBit)).toEqual([undefined, 0, undefined, 1, undefined]);
  });

  it('tells the loader what it needs and no more', () => {
    expect(Demo.descriptor).toMatchObject({
      interfaceName: 'Demo',
      interfaceHash: Demo.hash,
      standaloneHash: Demo.hash,
      methods: [
        { name: 'first', wireRaw: false, optional: false },
        { name: 'maybe', wireRaw: false, optional: true },
        { name: 'second', wireRaw: true, optional: false },
        { name: 'perhaps', wireRaw: false, optional: true },
        { name: 'feed', wireRaw: false, optional: false },
      ],
    });
  });

  it('keeps what was said about it and its methods', () => {
    expect(Demo).toMatchObject({ name: 'Demo', version: 3, metadata: { owner: 'data' }, doc: 'Shows things.' });
    expect(Demo.methods[0]).toMatchObject({ doc: 'Comes first.', metadata: { cost: 'low' }, since: undefined });
    expect(Demo.methods[1]).toMatchObject({ optional: true, since: 2 });
  });

  it('knows which methods stream, and in which direction', () => {
    const streams = Demo.methods.map(({ name, streaming, clientStreaming }) => [name, streaming, clientStreaming]);

    expect(streams.filter(([, one, other]) => one === true || other === true)).toEqual([
      ['perhaps', true, false],
      ['feed', false, true],
    ]);
  });

  it('keeps the documentation of arguments, which is not part of the hash', () => {
    const args = [{ a: t.u8 }, { b: t.string }] as const;
    const documented = define({ m: method(args, t.u8, { argumentDocs: { b: 'The text.' } }) });

    expect(documented.methods[0]?.arguments.map(({ name, doc }) => [name, doc])).toEqual([
      ['a', undefined],
      ['b', 'The text.'],
    ]);
    expect(documented.hash).toBe(define({ m: method(args, t.u8) }).hash);
  });

  it('cannot be changed', () => {
    expect(
      [Demo, Demo.methods, Demo.aliases, Demo.methods[0], Demo.descriptor, Demo.metadata].every(Object.isFrozen),
    ).toBe(true);
  });

  it('is recognised', () => {
    expect([Demo, { ...Demo }, {}, null, 'Demo'].map(isInterface)).toEqual([true, true, false, false, false]);
  });
});

describe('a definition', () => {
  const manyOptional = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, method({}, t.u8, { optional: true })]));

  it('may have 64 optional methods', () => {
    expect(define(manyOptional(64)).methods.at(-1)?.capabilityBit).toBe(63);
  });

  it('may have arguments as a list, which keeps their order for the compiler too', () => {
    const one = define({ m: method([{ a: t.u8 }, { b: t.string }], t.u8) });
    const other = define({ m: method({ x: t.u8, y: t.string } as never, t.u8) });

    expect(one.methods[0]?.signature).toBe('m:u8,String->u8');
    expect(other.hash).toBe(one.hash);
  });

  it.each<[string, () => unknown, string]>([
    [
      '65 optional methods',
      () => define(manyOptional(65)),
      'Demo has 65 optional methods, and no more than 64 can be told apart',
    ],
    [
      'a name that Rust has not',
      () => defineInterface('my-demo', { version: 1, methods: {} }),
      'The name of an interface must be a name in Rust, got "my-demo"',
    ],
    [
      'no name',
      () => defineInterface(undefined as never, { version: 1, methods: {} }),
      'The name of an interface must be a name in Rust, got undefined',
    ],
    [
      'a fraction as version',
      () => defineInterface('Demo', { version: 1.5, methods: {} }),
      'The version of Demo must be an integer from 0 to 4294967295, got 1.5',
    ],
    [
      'a version beyond 32 bits',
      () => defineInterface('Demo', { version: 2 ** 32, methods: {} }),
      'The version of Demo must be an integer from 0 to 4294967295, got 4294967296',
    ],
    [
      'no version',
      () => defineInterface('Demo', { methods: {} } as never),
      'The version of Demo must be an integer from 0 to 4294967295, got undefined',
    ],
    [
      'no methods',
      () => define(undefined as never),
      'The methods of Demo must be an object of names and methods, got undefined',
    ],
    [
      'something else as a method',
      () => define({ greet: t.string }),
      'Demo.greet must be made with method() or method.raw(), got an object',
    ],
    [
      'a method name that Rust has not',
      () => define({ 'say-hello': method() }),
      '"say-hello" cannot be the name of a method in Rust',
    ],
    ['an underscore as a name', () => define({ _: method() }), '"_" cannot be the name of a method in Rust'],
    [
      'an argument name that Rust has not',
      () => method({ 'a b': t.u8 }),
      '"a b" cannot be the name of an argument in Rust',
    ],
    [
      'an argument without type',
      () => method({ a: 'u8' as never }),
      'Argument "a" of method() must be a type made with t.*, got "u8"',
    ],
    [
      'documentation of an argument that it does not have',
      () => method({ limit: t.u8 }, t.u8, { argumentDocs: { limits: 'At most.' } }),
      'argumentDocs of method() describes "limits", which is not one of its arguments',
    ],
    [
      'documentation of an argument that is not text',
      () => method({ limit: t.u8 }, t.u8, { argumentDocs: { limit: 1 as never } }),
      'doc of argument "limit" of method() must be a string, got 1',
    ],
    [
      'documentation of arguments that is not an object',
      () => method({ limit: t.u8 }, t.u8, { argumentDocs: 'At most.' as never }),
      'argumentDocs of method() must be an object of names and texts, got "At most."',
    ],
    ['two arguments of one name', () => method([{ a: t.u8 }, { a: t.u8 }]), 'method() has two arguments called a'],
    [
      'two arguments in one place',
      () => method([{ a: t.u8, b: t.u8 }] as never),
      'In a list of arguments each one must be an object with one name and its type',
    ],
    [
      'an argument that is a result',
      () => method({ a: t.result(t.u8) as never }),
      'Argument "a" of method() is a result, which only a return can be',
    ],
    [
      'two streams as arguments',
      () => method({ a: t.stream(t.u8), b: t.stream(t.u8) }),
      'method() has more than one stream among its arguments',
    ],
    [
      'a type as the only argument',
      () => method(t.u8 as never),
      'The arguments of method() must be an object of names and types, got a type without a name',
    ],
    [
      'a return without type',
      () => method({}, 'u8' as never),
      'The return of method() must be a type made with t.*, got "u8"',
    ],
    [
      'options in place of the return',
      () => method({}, { optional: true } as never),
      'The return of method() must be a type made with t.*, got an object',
    ],
    [
      'a raw method that returns text',
      () => method.raw(t.string as never),
      'A raw method returns t.bytes or t.result(t.bytes)',
    ],
    ['since without optional', () => method({}, t.u8, { since: 2 }), 'since of method() is for optional methods'],
    [
      'since that is no version',
      () => method({}, t.u8, { optional: true, since: -1 }),
      'since of method() must be a version of the interface, got -1',
    ],
    [
      'optional that is no boolean',
      () => method({}, t.u8, { optional: 1 as never }),
      'optional of method() must be a boolean, got 1',
    ],
    ['doc that is no string', () => method({}, t.u8, { doc: 1 as never }), 'doc of method() must be a string, got 1'],
    ['an empty metadata key', () => method({}, t.u8, { metadata: { '': 'x' } }), 'A metadata key of method() is empty'],
    [
      'a metadata key with a blank',
      () => method({}, t.u8, { metadata: { ' a': 'x' } }),
      'The metadata key " a" of method() begins or ends with white space',
    ],
    [
      'a reserved metadata key',
      () => defineInterface('Demo', { version: 1, methods: {}, metadata: { 'fidius.x': 'y' } }),
      'The metadata key "fidius.x" of Demo begins with "fidius.", which is reserved',
    ],
    [
      'metadata that is no text',
      () => method({}, t.u8, { metadata: { a: 1 as never } }),
      'The metadata key "a" of method() must have a string, got 1',
    ],
    [
      'aliases that are no array',
      () => defineInterface('Demo', { version: 1, methods: {}, aliases: 'demo-interface' as never }),
      'The aliases of Demo must be an array of names, got "demo-interface"',
    ],
    [
      'an empty alias',
      () => defineInterface('Demo', { version: 1, methods: {}, aliases: [''] }),
      'An alias of Demo must be a name as manifests have it, got ""',
    ],
    [
      'an alias that is the name',
      () => defineInterface('Demo', { version: 1, methods: {}, aliases: ['Demo'] }),
      'The alias "Demo" of Demo is given twice',
    ],
    [
      'metadata that is no object',
      () => method({}, t.u8, { metadata: ['a'] as never }),
      'The metadata of method() must be an object, got an array of 1',
    ],
    [
      'a stream inside a type',
      () => t.list(t.stream(t.u8) as never),
      'A stream cannot be part of another type, as in t.list()',
    ],
    [
      'a result inside a type',
      () => t.option(t.result(t.u8) as never),
      'A result can only be the return of a method, not part of another type, as in t.option()',
    ],
    ['no type inside a type', () => t.list('u8' as never), 't.list() needs a type made with t.*, got "u8"'],
    [
      'a name that only looks like a stream',
      () => define({ m: method({}, t.named('Stream<u8>', t.u8)) }),
      'Demo.m uses Stream<u8>, which Rust recognises as a stream',
    ],
    [
      'a stream that does not look like one',
      () => t.named('Rows', t.stream(t.u8)),
      'Rust does not recognise Rows as a stream',
    ],
    ['a float as a key', () => t.map(t.f64, t.u8), 'A key of t.map() cannot be f64'],
    ['a list as a key', () => t.map.btree(t.list(t.u8), t.u8), 'A key of t.map.btree() cannot be Vec<u8>'],
    ['a negative length', () => t.array(t.u8, -1), 'The length of t.array() must be a whole number, got -1'],
    ['an empty tuple', () => t.tuple(), 't.tuple() has no items'],
    ['an empty enum', () => t.enum('Never', []), 't.enum() Never has no variants'],
    [
      'a struct without name',
      () => t.struct({} as never, {}),
      't.struct() needs the name of a Rust type, got an object',
    ],
    [
      'a struct without fields',
      () => t.struct('Row', undefined as never),
      't.struct() Row needs an object of names and types, got undefined',
    ],
    [
      'a field without type',
      () => t.struct('Row', { id: 'u8' as never }),
      't.struct() Row, id needs a type made with t.*, got "u8"',
    ],
    [
      'a variant without type',
      () => t.enum('E', { A: 'u8' as never }),
      't.enum() E, A needs a type made with t.*, got "u8"',
    ],
  ])('is refused with %s', async (_what, attempt, message) => {
    const error = await failureOf(attempt);

    expect(error.code).toBe('FIDIUS_INTERFACE_INVALID');
    expect(error.message).toBe(message);
  });

  it.each<[string, () => unknown, string, string]>([
    [
      'method()',
      () => method({}, t.u8, { optinal: true } as never),
      'Unknown option "optinal" in method()',
      'Write "optional".',
    ],
    [
      'method.raw()',
      () => method.raw(t.bytes, { docs: 'x' } as never),
      'Unknown option "docs" in method.raw()',
      'Write "doc".',
    ],
    [
      'defineInterface()',
      () => defineInterface('Demo', { version: 1, method: {} } as never),
      'Unknown option "method" in defineInterface() of Demo',
      'Write "methods".',
    ],
    [
      't.struct()',
      () => t.struct('Row', {}, { docs: 'x' } as never),
      'Unknown option "docs" in t.struct() Row',
      'Write "doc".',
    ],
    [
      't.enum()',
      () => t.enum('E', ['A'], { docs: 'x' } as never),
      'Unknown option "docs" in t.enum() E',
      'Write "doc".',
    ],
  ])('is refused with a misspelt option of %s', async (_what, attempt, message, hint) => {
    expect(await failureOf(attempt)).toMatchObject({ code: 'FIDIUS_OPTION_UNKNOWN', message, hint });
  });
});
