import type { ItemArrays } from '../../codec/pickle/pickle-globals.ts';
import type { JsonValue } from '../json-value.ts';
import type { AnyType, Fields, TypeShape } from '../type.ts';

/** A JSON Schema, draft 2020-12. */
export interface JsonSchema {
  /** Any keyword of JSON Schema, such as `type`. */
  [keyword: string]: JsonValue;
}

/** Arguments may leave out optional fields, and large arrays have more forms than in a result. */
export type Direction = 'argument' | 'result';

/** Where the schemas of structs and enums are, and how they are named. */
export interface DefinitionPlace {
  /** The start of references: `#/$defs/`. */
  readonly prefix: string;
  /** Whether arguments and results share the place: a struct that differs between them then has two names. */
  readonly isShared: boolean;
}

type Shape<Kind extends TypeShape['kind']> = Extract<TypeShape, { readonly kind: Kind }>;

const safeMinimum = BigInt(Number.MIN_SAFE_INTEGER);
const safeMaximum = BigInt(Number.MAX_SAFE_INTEGER);
const largestFloat32 = 3.4028234663852886e38;

const nonFiniteTexts = ['NaN', 'Infinity', '-Infinity'];

// Without lookaround and classes such as \d, whose meaning differs between validators.
const base64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$';
/** Base64 of bytes that are 0 or 1. */
const base64OfBooleans = '^(?:A[AQ][AE][AB])*(?:A[AQ]==|A[AQ][AE]=)?$';
const year = '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])';
const monthAndDay =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))';
const day = `${year}-${monthAndDay}`;
const hourAndMinute = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const time = `${hourAndMinute}:[0-5][0-9](?:\\.[0-9]{1,6}0*)?`;
const decimal = '^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?$';
const uuid = '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';

/**
 * JSON Schemas for values of types in the notation of `toJson()` and `fromJson()`, and the definitions that they refer to.
 *
 * No keyword means less in an older draft: many validators of tools still read draft-07.
 */
export class TypeSchemas {
  readonly #definitions = new Map<string, JsonSchema>();
  readonly #place: DefinitionPlace;

  constructor(place: DefinitionPlace = { prefix: '#/$defs/', isShared: false }) {
    this.#place = place;
  }

  /** The schemas of structs and enums, by name. */
  get definitions(): { [name: string]: JsonSchema } {
    return Object.fromEntries(this.#definitions);
  }

  schemaOf(type: AnyType, direction: Direction): JsonSchema {
    const { shape } = type;
    switch (shape.kind) {
      case 'bool':
        return { type: 'boolean' };
      case 'unit':
        return { type: 'null' };
      case 'any':
        return { description: `Any JSON value: ${type.rust} has no declared structure.` };
      case 'string':
        return { type: 'string' };
      case 'char':
        return { type: 'string', minLength: 1, maxLength: 1, description: 'One character.' };
      case 'bytes':
        return bytesSchema(base64);
      case 'integer':
        return integerSchema(shape.minimum, shape.maximum);
      case 'float':
        return floatSchema(shape.bits);
      case 'datetime':
        return datetimeSchema(shape.isAware, direction);
      case 'date':
        return { type: 'string', format: 'date', pattern: `^${day}$` };
      case 'decimal':
        return { type: 'string', pattern: decimal, description: 'An exact decimal number as text.' };
      case 'uuid':
        return { type: 'string', format: 'uuid', pattern: uuid };
      case 'ndarray':
        return direction === 'argument' ? arrayArgument(shape) : arrayResult(shape);
      case 'list': {
        const { length } = shape;
        const limits: JsonSchema = length === undefined ? {} : { minItems: length, maxItems: length };
        return { type: 'array', items: this.schemaOf(shape.item, direction), ...limits };
      }
      case 'tuple':
        return tupleOf(shape.items.map((item) => this.schemaOf(item, direction)));
      case 'option':
        return { anyOf: [this.schemaOf(shape.inner, direction), { type: 'null' }] };
      case 'map':
        return this.#map(shape, direction);
      case 'struct': {
        const schema = () => withDoc(this.#object(shape.fields, direction), shape.doc);
        // The named values of a variant are part of its enum.
        return type.rust === '_' ? schema() : this.#define(shape.name, direction, schema());
      }
      case 'enum':
        return this.#define(shape.name, direction, withDoc(this.#enum(shape.variants, direction), shape.doc));
    }
  }

  #map({ key, value }: Shape<'map'>, direction: Direction): JsonSchema {
    const values = this.schemaOf(value, direction);
    if (key.shape.kind === 'string') return { type: 'object', additionalProperties: values };
    if (key.shape.kind === 'char') {
      return { type: 'object', propertyNames: { minLength: 1, maxLength: 1 }, additionalProperties: values };
    }
    const pairs: JsonSchema = {
      type: 'array',
      items: tupleOf([this.schemaOf(key, direction), values]),
      description: 'Pairs of a key and its value.',
    };
    // A Map without entries has no key that shows its type, so toJson() writes it as an object.
    return { anyOf: [pairs, { type: 'object', maxProperties: 0 }] };
  }

  #object(fields: Fields, direction: Direction): JsonSchema {
    const entries = Object.entries(fields);
    const required = entries.filter(([, type]) => direction === 'result' || !mayBeOmitted(type)).map(([name]) => name);
    return objectOf(
      entries.map(([name, type]) => [name, this.schemaOf(type, direction)]),
      required,
    );
  }

  #enum(variants: Fields, direction: Direction): JsonSchema {
    const entries = Object.entries(variants);
    const bare = entries.filter(([, type]) => type.shape.kind === 'unit').map(([name]) => name);
    const others = entries
      .filter(([name]) => !bare.includes(name))
      .map(([name, type]) => objectOf([[name, this.schemaOf(type, direction)]], [name]));
    const names: JsonSchema = { type: 'string', enum: bare };
    if (others.length === 0) return names;
    return { anyOf: [...(bare.length === 0 ? [] : [names]), ...others] };
  }

  /** @returns a reference to the schema. */
  #define(rust: string, direction: Direction, schema: JsonSchema): JsonSchema {
    const base = definitionName(rust);
    const text = JSON.stringify(schema);
    const wanted = this.#place.isShared && direction === 'argument' ? `${base}Input` : base;
    let name = wanted;
    for (let number = 2; ; number += 1) {
      const same = [name, base].find((each) => JSON.stringify(this.#definitions.get(each)) === text);
      if (same !== undefined) return { $ref: `${this.#place.prefix}${same}` };
      if (!this.#definitions.has(name)) break;
      name = `${wanted}${number}`;
    }
    this.#definitions.set(name, schema);
    return { $ref: `${this.#place.prefix}${name}` };
  }
}

/** Whether a field or an argument of the type can be left out: a missing value is `undefined`. */
export function mayBeOmitted({ shape: { kind } }: AnyType): boolean {
  return kind === 'option' || kind === 'unit' || kind === 'any';
}

/** An object that has these properties and no others. */
export function objectOf(
  properties: readonly (readonly [name: string, schema: JsonSchema])[],
  required: readonly string[],
): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required: [...required] }),
    additionalProperties: false,
  };
}

/** Adds documentation to a schema; where it has a description, before that. */
export function withDoc(schema: JsonSchema, doc: string | undefined): JsonSchema {
  if (doc === undefined) return schema;
  const { description } = schema;
  return { ...schema, description: typeof description === 'string' ? `${doc.trim()}\n\n${description}` : doc.trim() };
}

/** Without `items: false`, which rejects every item in draft-07. */
function tupleOf(items: readonly JsonSchema[]): JsonSchema {
  return { type: 'array', prefixItems: [...items], minItems: items.length, maxItems: items.length };
}

function bytesSchema(pattern: string): JsonSchema {
  return { type: 'string', contentEncoding: 'base64', pattern, description: 'Bytes in base64, with padding.' };
}

function integerSchema(minimum: bigint, maximum: bigint): JsonSchema {
  const isSafe = minimum >= safeMinimum && maximum <= safeMaximum;
  const number: JsonSchema = {
    type: 'integer',
    minimum: Number(minimum < safeMinimum ? safeMinimum : minimum),
    maximum: Number(maximum > safeMaximum ? safeMaximum : maximum),
  };
  if (isSafe) return number;
  const sign = minimum < 0n ? '-?' : '';
  const text: JsonSchema = {
    type: 'string',
    pattern: `^${sign}[0-9]{1,${String(maximum).length}}$`,
    description: 'The digits of an integer that a JSON number does not represent exactly.',
  };
  return { anyOf: [number, text], description: `An integer from ${minimum} to ${maximum}; beyond 2^53 - 1 as text.` };
}

function floatSchema(bits: 32 | 64): JsonSchema {
  const number: JsonSchema =
    bits === 64 ? { type: 'number' } : { type: 'number', minimum: -largestFloat32, maximum: largestFloat32 };
  return { anyOf: [number, { type: 'string', enum: nonFiniteTexts }] };
}

function datetimeSchema(isAware: boolean, direction: Direction): JsonSchema {
  if (!isAware) {
    const description = 'A date and time without offset, such as 2024-05-01T12:30:00.';
    return { type: 'string', pattern: `^${day}T${time}$`, description };
  }
  if (direction === 'argument') {
    return { type: 'string', format: 'date-time', pattern: `^${day}[Tt]${time}(?:[Zz]|[+-]${hourAndMinute})$` };
  }
  // Without the format: a datetime of Python can have an offset with seconds, which RFC 3339 does not have.
  return {
    type: 'string',
    pattern: `^${day}T${time}[+-]${hourAndMinute}(?::[0-5][0-9](?:\\.[0-9]{6})?)?$`,
    description: 'A date and time with its offset, such as 2024-05-01T12:30:00+00:00.',
  };
}

const integerRanges: Partial<Readonly<Record<keyof ItemArrays, readonly [bigint, bigint]>>> = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

function itemSchema(dtype: keyof ItemArrays): JsonSchema {
  const range = integerRanges[dtype];
  if (range !== undefined) return integerSchema(...range);
  return dtype === 'bool' ? { type: 'boolean' } : floatSchema(dtype === 'float32' ? 32 : 64);
}

/** The items as bytes, for the item types whose typed array is a `Uint8Array`. */
function itemBytes(dtype: keyof ItemArrays): JsonSchema | undefined {
  if (dtype === 'uint8') return bytesSchema(base64);
  return dtype === 'bool'
    ? { ...bytesSchema(base64OfBooleans), description: 'One byte for each item, 0 or 1, in base64.' }
    : undefined;
}

function arrayArgument({ dtype, dimensions }: Shape<'ndarray'>): JsonSchema {
  const list: JsonSchema = { type: 'array', items: itemSchema(dtype) };
  const bytes = itemBytes(dtype);
  const flat: JsonSchema = bytes === undefined ? list : { anyOf: [list, bytes] };
  if (dimensions === 1) return { ...flat, description: `An array of ${dtype}.` };
  let nested = list;
  for (let depth = 1; depth < dimensions; depth += 1) nested = { type: 'array', items: nested };
  return {
    anyOf: [nested, shapedSchema(dtype, dimensions, flat, ['shape', 'data'])],
    description: `An array of ${dtype} with ${dimensions} dimensions: nested arrays of equal lengths, or its items in C order.`,
  };
}

function arrayResult({ dtype, dimensions }: Shape<'ndarray'>): JsonSchema {
  const flat: JsonSchema = itemBytes(dtype) ?? { type: 'array', items: itemSchema(dtype) };
  if (dimensions === 1) return withDoc(flat, `An array of ${dtype}.`);
  return withDoc(
    shapedSchema(dtype, dimensions, flat, ['dtype', 'shape', 'data']),
    `An array of ${dtype} with ${dimensions} dimensions: its items in C order.`,
  );
}

function shapedSchema(dtype: string, dimensions: number, data: JsonSchema, required: readonly string[]): JsonSchema {
  const lengths: JsonSchema = {
    type: 'array',
    items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    minItems: dimensions,
    maxItems: dimensions,
  };
  const properties = [
    ['dtype', { type: 'string', const: dtype }],
    ['shape', lengths],
    ['data', data],
  ] as const;
  return objectOf(properties, required);
}

/** The name of a Rust type in the letters that names of definitions may have in OpenAPI: `PageRow` for `Page<Row>`. */
function definitionName(rust: string): string {
  const words = rust.replaceAll(/[\p{XID_Continue}#]+\s*::\s*/gu, '').match(/[A-Za-z0-9_]+/g) ?? [];
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('') || 'Type';
}
