import { prependPath } from '../../codec/value-problem.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { type DocOptions, definitionError, readDoc } from '../definition.ts';
import {
  type AnyType,
  type Converter,
  createType,
  type Fields,
  type InputOf,
  isType,
  type OutputOf,
  type Type,
} from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';
import { isPlainObject } from './plain-object.ts';
import { requireFields, requireRustType } from './require-type.ts';
import { unit } from './scalar.ts';
import { type StructInput, type StructOutput, structConverter } from './struct.ts';

/**
 * The variants of an enum: `t.unit` for one without data, a type for one with a single value, `t.tuple(…)` for one with
 * several, and an object of fields for one with named values.
 */
export type Variants = Readonly<Record<string, AnyType | Fields>>;

/** The data of one variant in a result. */
export type VariantOutput<V> = V extends AnyType ? OutputOf<V> : V extends Fields ? StructOutput<V> : never;
/** The data of one variant in an argument. */
export type VariantInput<V> = V extends AnyType ? InputOf<V> : V extends Fields ? StructInput<V> : never;

/**
 * `'Dot' | { Circle: number }`: only the name of a variant without data, else an object with the name as its only key.
 */
export type EnumOutput<V> = {
  [K in keyof V]: [VariantOutput<V[K]>] extends [undefined] ? K : { -readonly [Name in K]: VariantOutput<V[K]> };
}[keyof V];

/** An enum as an argument: like {@link EnumOutput}, with the inputs of its variants. */
export type EnumInput<V> = {
  [K in keyof V]: [VariantOutput<V[K]>] extends [undefined] ? K : { readonly [Name in K]: VariantInput<V[K]> };
}[keyof V];

/**
 * An enum of the interface; the hash covers only its name.
 *
 * Python receives the same as from the Rust host: a dict with the variant as its only key, whose value is `None` when
 * the variant has no data. It may return the same, or only the name of a variant without data.
 *
 * @param name the type in Rust source, usually just its name.
 */
export function enumeration<const N extends string>(
  name: string,
  variants: readonly N[],
  options?: DocOptions,
): Type<N, N>;
export function enumeration<const V extends Variants>(
  name: string,
  variants: V,
  options?: DocOptions,
): Type<EnumOutput<V>, EnumInput<V>>;
export function enumeration(
  name: string,
  variants: readonly string[] | Variants,
  options: DocOptions = {},
): Type<unknown, never> {
  const rust = requireRustType(name, 't.enum()');
  const place = `t.enum() ${name}`;
  checkOptionNames(place, options, ['doc']);
  const types = isNames(variants) ? variants.map((each) => [each, unit]) : variantTypes(variants, name);
  const own = requireFields(Object.fromEntries(types), place);
  if (Object.keys(own).length === 0) throw definitionError(`${place} has no variants`, 'Declare at least one.');
  return createType({
    rust,
    shape: { kind: 'enum', name, variants: own, doc: readDoc(options.doc, place) },
    converter: enumConverter(own),
  });
}

// Array.isArray alone does not narrow a readonly array.
function isNames(variants: readonly string[] | Variants): variants is readonly string[] {
  return Array.isArray(variants);
}

function variantTypes(variants: Variants, name: string): [string, unknown][] {
  return Object.entries(variants).map(([variant, given]) => [
    variant,
    isPlainObject(given) && !isType(given) ? inlineStruct(name, variant, given) : given,
  ]);
}

/** The named values of a variant: a struct that has no name in Rust. */
function inlineStruct(name: string, variant: string, given: unknown): AnyType {
  const fields = requireFields(given, `t.enum() ${name}, ${variant}`);
  return createType({
    rust: '_',
    shape: { kind: 'struct', name: `${name}.${variant}`, fields, doc: undefined },
    converter: structConverter(fields),
  });
}

function enumConverter(variants: Fields): Converter {
  const converters = new Map(Object.entries(variants).map(([name, type]) => [name, type.converter]));
  const bare = new Set(Object.keys(variants).filter((name) => variants[name]?.shape.kind === 'unit'));
  const names = Object.keys(variants).map((name) => (bare.has(name) ? `"${name}"` : `{ ${name}: … }`));
  const expected = names.length === 1 ? String(names[0]) : `one of ${names.join(', ')}`;

  return {
    scalar: undefined,
    write(writer, value) {
      const name = variantOf(value, bare);
      const converter = converters.get(name ?? '');
      if (name === undefined || converter === undefined) throw badArgument(expected, value);
      writer.beginDict();
      writer.key(name);
      try {
        converter.write(writer, typeof value === 'string' ? undefined : (value as Record<string, unknown>)[name]);
      } catch (error) {
        throw prependPath(error, name);
      }
      writer.endDict();
    },
    read(value) {
      const name = variantOf(value, bare);
      const converter = converters.get(name ?? '');
      if (name === undefined || converter === undefined) throw badResult(expected, value);
      if (typeof value === 'string') return value;
      try {
        const data = converter.read((value as Record<string, unknown>)[name]);
        return bare.has(name) ? name : { [name]: data };
      } catch (error) {
        throw prependPath(error, name);
      }
    },
  };
}

/** The name in `"Dot"` or in `{ Circle: … }`; `undefined` when the value does not have the form of a variant. */
function variantOf(value: unknown, bare: ReadonlySet<string>): string | undefined {
  if (typeof value === 'string') return bare.has(value) ? value : undefined;
  if (!isPlainObject(value)) return undefined;
  const [name, ...others] = Object.keys(value);
  return others.length === 0 ? name : undefined;
}
