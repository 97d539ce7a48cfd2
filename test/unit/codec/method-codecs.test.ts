import { describe, expect, it } from 'vitest';
import { type MethodCodec, rawCodec } from '../../../src/codec/method-codec.ts';
import { PickleWriter } from '../../../src/codec/pickle/pickle-writer.ts';
import { untypedCodec } from '../../../src/codec/untyped-codec.ts';
import type { PayloadWriter } from '../../../src/codec/value-writer.ts';
import { defineInterface } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import { failureOf } from '../../support/failure.ts';

const Row = t.struct('Row', { id: t.u32, name: t.string });
const Shape = t.enum('Shape', { Dot: t.unit, Circle: t.f64 });
const Methods = defineInterface('Methods', {
  version: 1,
  methods: {
    store: method(
      [{ rows: t.list(Row) }, { limit: t.option(t.i64) }, { shape: Shape }, { by_id: t.map(t.u32, t.bytes) }],
      t.u64,
    ),
    flip: method.raw(),
  },
});
const [typedCodec, checkedRawCodec] = Methods.methods.map(({ codec }) => codec) as [MethodCodec, MethodCodec];

describe('a method codec', () => {
  it('of declared types writes to any writer, not to pickle alone', () => {
    const writer = new RecordingWriter();

    typedCodec.writeArguments(writer, [[{ id: 7, name: 'x' }], null, { Circle: 2 }, new Map([[1, Uint8Array.of(9)]])]);

    expect(writer.written).toBe(
      '( [ { key:id int:7 key:name string:x } ] none { key:Circle float:2 } { int:1 bytes:9 } )',
    );
  });

  it('of values of no declared type writes to any writer, not to pickle alone', () => {
    const writer = new RecordingWriter();

    untypedCodec.writeArguments(writer, [{ a: [1, 2.5, 'x', true, null] }, new Set([1n]), new Date(5)]);

    expect(writer.written).toBe('( { key:a [ int:1 float:2.5 string:x bool:true none ] } <set int:1 > datetime:5 )');
  });

  it.each([
    ['raw', rawCodec],
    ['raw and checked', checkedRawCodec],
  ])('that is %s passes bytes on without a copy, once', (_, codec) => {
    const writer = new PickleWriter();
    const bytes = Uint8Array.of(1, 2, 3);

    writer.begin();
    codec.writeArguments(writer, [bytes]);

    expect(writer.finish()).toBe(bytes);
    writer.begin();
    writer.none();
    expect([...writer.finish()]).toEqual([0x80, 5, 0x4e, 0x2e]);
  });

  it('that is raw copies a payload that is not its own, and keeps one that is', () => {
    const payload = Uint8Array.of(1, 2);

    const copy = rawCodec.decodeResult(payload, false);

    expect(copy).toEqual(payload);
    expect(copy).not.toBe(payload);
    expect(rawCodec.decodeResult(payload, true)).toBe(payload);
  });

  it('that is raw and checked names the argument that is not bytes', async () => {
    const error = await failureOf(() => checkedRawCodec.writeArguments(new PickleWriter(), ['text']));

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: 'flip(): argument "data" must be a Uint8Array, an ArrayBuffer or a DataView, got "text"',
    });
  });

  it('reads the same payload as its types say', () => {
    const payload = Uint8Array.of(0x80, 5, 0x4b, 7, 0x2e);

    expect(typedCodec.decodeResult(payload, false)).toBe(7n);
    expect(untypedCodec.decodeResult(payload, false)).toBe(7);
    expect(rawCodec.decodeResult(payload, false)).toEqual(payload);
  });
});

/** A format of its own: the names of what was written, in order. */
class RecordingWriter implements PayloadWriter {
  readonly #items: unknown[] = [];

  get written(): string {
    return this.#items.join(' ');
  }

  readonly none = () => this.#note('none');
  readonly bool = (value: boolean) => this.#note(`bool:${value}`);
  readonly int = (value: number | bigint) => this.#note(`int:${value}`);
  readonly float = (value: number) => this.#note(`float:${value}`);
  readonly string = (value: string) => this.#note(`string:${value}`);
  readonly key = (name: string) => this.#note(`key:${name}`);
  readonly bytes = (value: Uint8Array) => this.#note(`bytes:${value.join()}`);
  readonly memoryview = (format: string, data: Uint8Array) => this.#note(`memoryview:${format}:${data.join()}`);
  readonly datetime = (milliseconds: number) => this.#note(`datetime:${milliseconds}`);
  readonly objectOf = (kind: string, text: string) => this.#note(`${kind}:${text}`);
  readonly ndarray = (format: string, shape: readonly number[] | undefined, data: Uint8Array) =>
    this.#note(`ndarray:${format}:${shape?.join() ?? ''}:${data.join()}`);
  readonly beginList = () => this.#note('[');
  readonly endList = () => this.#note(']');
  readonly beginTuple = () => this.#note('(');
  readonly endTuple = () => this.#note(')');
  readonly beginDict = () => this.#note('{');
  readonly endDict = () => this.#note('}');
  readonly beginSet = () => this.#note('<set');
  readonly endSet = () => this.#note('>');
  readonly rawPayload = (bytes: Uint8Array) => this.#note(`raw:${bytes.join()}`);

  #note(item: string): void {
    this.#items.push(item);
  }
}
