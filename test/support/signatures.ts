import { type AnyType, defineInterface, type Interface, type Method, method, t } from '../../src/index.ts';

const types: Readonly<Record<string, AnyType>> = {
  i32: t.i32,
  f64: t.f64,
  str: t.string,
  bool: t.bool,
  bytes: t.bytes,
  any: t.named('serde_json::Value'),
};

/**
 * The interface `Probe` with methods written as a line each: `work`, `add(i32, i32): i32`, `log(): [str]`,
 * `limit(?f64)`. A raw method is `!flip`.
 */
export function interfaceOf(signatures: readonly string[]): Interface {
  return defineInterface('Probe', { version: 1, methods: Object.fromEntries(signatures.map(readSignature)) });
}

function readSignature(text: string): [name: string, declared: Method] {
  if (text.startsWith('!')) return [text.slice(1), method.raw()];
  const [, name, list, result] = /^(\w+)(?:\((.*?)\))?(?:: (.+))?$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`Not the signature of a method: ${text}`);
  const groups = splitList(list ?? '').map((type, index) => ({ [`a${index}`]: readType(type) }));
  return [name, result === undefined ? method(groups as never) : method(groups as never, readType(result))];
}

function splitList(list: string): readonly string[] {
  return list === '' ? [] : list.split(', ');
}

function readType(text: string): AnyType {
  if (text.startsWith('[')) return t.list(readType(text.slice(1, -1)));
  if (text.startsWith('?')) return t.option(readType(text.slice(1)));
  const type = types[text];
  if (type === undefined) throw new Error(`Not a type of a signature: ${text}`);
  return type;
}
