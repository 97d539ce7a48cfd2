import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interfaceSource } from '../../../src/contract/interface-source.ts';
import { defineInterface, type Interface, jsonSchema, method, t } from '../../../src/index.ts';
import { interfaces as ofVectors } from '../../contract/interface-vectors.ts';
import { anySample } from '../../support/typed-samples.ts';

const Special = defineInterface('Special', {
  version: 7,
  doc: 'Lines\nand "quotes" and \u2028.',
  aliases: ['special-interface'],
  metadata: { owner: 'data', __proto__x: 'y' },
  methods: {
    named: method([{ a: t.named('crate::Id', t.u64) }, { b: t.named('serde_json::Value') }, { c: t.int53 }], t.str),
    failing: method({ __proto__x: t.usize }, t.result(t.named('Box<i64>', t.int53), 'crate::Error'), {
      argumentDocs: { __proto__x: 'Size.' },
    }),
    streaming: method({ rows: t.stream(t.isize) }, t.named('my::Stream<u8>', t.stream(t.u8))),
    raw: method.raw(t.result(t.bytes), { optional: true, since: 3, metadata: { cost: 'high' } }),
    nothing: method(),
    unit: method({}, t.unit),
    times: method([{ a: t.datetime }, { b: t.naiveDatetime }], t.map.btree(t.char, t.array(t.f32, 2))),
    shape: method(
      {},
      t.enum('Shape', { Dot: t.unit, Box: { width: t.u8 }, Pair: t.tuple(t.u8, t.str) }, { doc: 'A shape.' }),
    ),
  },
});

describe('the source of an interface', () => {
  it.each([...Object.values(ofVectors), Special].map((each) => [each.name, each] as const))(
    'makes the same interface again: %s',
    (_name, definition) => {
      expect(facts(run(interfaceSource(definition)))).toEqual(facts(definition));
    },
  );

  it('makes the same interface again for types of any shape', () => {
    const samples = fc.sample(anySample, { numRuns: 300, seed: 3 });
    const methods = samples.map(({ type }, index) => [`m${index}`, method({ ['__proto__']: type }, type)] as const);
    const Any = defineInterface('Any', { version: 1, methods: Object.fromEntries(methods) });

    expect(facts(run(interfaceSource(Any)))).toEqual(facts(Any));
  });
});

function run(source: string): Interface {
  const body = source.replace(/^import .*\n/, '').replace('export const definition =', 'return');
  // oxlint-disable-next-line typescript/no-implied-eval -- the source is ours, and this is how it is used
  return new Function('defineInterface', 'method', 't', body)(defineInterface, method, t) as Interface;
}

function facts(definition: Interface): object {
  const { descriptor, aliases, metadata, methods } = definition;
  const declared = methods.map(({ codec: _codec, returns, arguments: list, ...others }) => ({
    ...others,
    rust: [returns?.rust, ...list.map(({ type }) => type.rust)],
  }));
  return { descriptor, aliases, metadata, declared, schema: jsonSchema(definition) };
}
