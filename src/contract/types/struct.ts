import { closest } from '../../errors/closest.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { type DocOptions, readDoc } from '../definition.ts';
import { type Converter, createType, type Fields, type InputOf, type OutputOf, type Type } from '../type.ts';
import { badArgument, badResult, TypeMismatch } from '../type-mismatch.ts';
import { createFieldAccess } from './field-access.ts';
import { isPlainObject } from './plain-object.ts';
import { requireFields, requireRustType } from './require-type.ts';

/** A struct as a result: every field is present. */
export type StructOutput<F extends Fields> = { -readonly [K in keyof F]: OutputOf<F[K]> };

/** A struct as an argument: a field that may be `undefined` may be omitted. */
export type StructInput<F extends Fields> = {
  readonly [K in keyof F as undefined extends InputOf<F[K]> ? never : K]: InputOf<F[K]>;
} & {
  readonly [K in keyof F as undefined extends InputOf<F[K]> ? K : never]?: InputOf<F[K]>;
};

/**
 * A struct of the interface; the hash covers only its name.
 *
 * Python receives a dict with every field. It may return a dict, a dataclass or anything else that becomes a plain
 * object, or the values in order as a tuple. Undeclared fields are ignored in a result, as by the Rust host, and an
 * error in an argument.
 *
 * @param name the type in Rust source, usually just its name.
 */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
  options: DocOptions = {},
): Type<StructOutput<F>, StructInput<F>> {
  const rust = requireRustType(name, 't.struct()');
  const place = `t.struct() ${name}`;
  checkOptionNames(place, options, ['doc']);
  const own = requireFields(fields, place);
  return createType({
    rust,
    shape: { kind: 'struct', name, fields: own, doc: readDoc(options.doc, place) },
    converter: structConverter(own),
  });
}

/** Converts the fields of a struct, or of a variant of an enum. */
export function structConverter(fields: Fields): Converter {
  const names = Object.keys(fields);
  const access = createFieldAccess(
    names,
    names.map((name) => (fields[name] as Fields[string]).converter),
  );
  return {
    scalar: undefined,
    write(writer, value) {
      if (!isRecord(value)) throw badArgument(`an object with ${listNames(names)}`, value);
      writer.beginDict();
      const present = access.write(writer, value);
      writer.endDict();
      let properties = 0;
      for (const _ in value) properties += 1;
      if (properties > present) refuseUnknown(names, value);
    },
    read(value) {
      const source = readRecord(value, names);
      if (source === undefined) throw badResult(`a dict with ${listNames(names)}`, value);
      return access.read(source);
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** Reads a dict by name, also one with other keys, or a tuple by position. */
function readRecord(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (isPlainObject(value)) return value;
  if (value instanceof Map) return Object.fromEntries(value);
  if (!Array.isArray(value) || value.length !== names.length) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, value[index]]));
}

/** An undeclared field is a mistake, most likely a misspelled optional field. */
function refuseUnknown(names: readonly string[], value: Readonly<Record<string, unknown>>): void {
  const stray = Object.keys(value).find((name) => !names.includes(name) && value[name] !== undefined);
  if (stray === undefined) return;
  const near = closest(stray, names);
  const hint = near === undefined ? {} : { hint: `Write "${near}".` };
  throw new TypeMismatch('FIDIUS_VALUE_ARGUMENT', `must have only ${listNames(names)}, got "${stray}" as well`, hint);
}

function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'no fields';
  return `the field${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}
