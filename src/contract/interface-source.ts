import type { Interface, InterfaceMethod } from './interface.ts';
import { isResultType, isStreamType, type ResultType, type StreamType } from './result-and-stream.ts';
import { t } from './t.ts';
import type { AnyType, Fields, TypeShape } from './type.ts';
import { isPlainObject } from './types/plain-object.ts';

/**
 * A JavaScript module that exports the interface as `definition`: with the same hash, types and documentation, and without the
 * modules that the original imports.
 */
export function interfaceSource(definition: Interface): string {
  const { name, version, doc, aliases, metadata, methods } = definition;
  const lines = methods.map((method) => `    [${JSON.stringify(method.name)}]: ${methodSource(method)},`);
  const options = objectSource({
    doc,
    aliases: aliases.length === 0 ? undefined : aliases,
    metadata: filled(metadata),
  });
  return `import { defineInterface, method, t } from 'fidius';

export const definition = defineInterface(${JSON.stringify(name)}, {
  version: ${version},
  ...${options},
  methods: {
${lines.join('\n')}
  },
});
`;
}

function methodSource({
  arguments: list,
  returns,
  wireRaw,
  optional,
  since,
  doc,
  metadata,
}: Omit<InterfaceMethod, 'codec'>): string {
  const docs = list.flatMap((argument) => (argument.doc === undefined ? [] : [[argument.name, argument.doc] as const]));
  const argumentDocs = docs.length === 0 ? undefined : Object.fromEntries(docs);
  const options = objectSource({
    optional: optional ? true : undefined,
    since,
    doc,
    metadata: filled(metadata),
    argumentDocs,
  });
  const args = wireRaw
    ? []
    : [`[${list.map(({ name, type }) => `{ [${JSON.stringify(name)}]: ${wholeTypeSource(type)} }`).join(', ')}]`];
  const returned = returns === undefined ? 'undefined' : wholeTypeSource(returns);
  return `method${wireRaw ? '.raw' : ''}(${[...args, returned, options].join(', ')})`;
}

function filled(metadata: Interface['metadata']): Interface['metadata'] | undefined {
  return Object.keys(metadata).length === 0 ? undefined : metadata;
}

/** The source of an object of JSON without the properties that are `undefined`. */
function objectSource(properties: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return `{ ${entries.map(([name, value]) => `[${JSON.stringify(name)}]: ${valueSource(value)}`).join(', ')} }`;
}

function valueSource(value: unknown): string {
  return isPlainObject(value) ? objectSource(value) : JSON.stringify(value);
}

/** A type that is an argument or a return, and not part of another one. */
function wholeTypeSource(type: AnyType | ResultType | StreamType): string {
  if (isStreamType(type)) {
    const { code, value } = typeSource(type.item);
    const plain = t.stream(value);
    const source = `t.stream(${code})`;
    return plain.rust === type.rust ? source : `t.named(${JSON.stringify(type.rust)}, ${source})`;
  }
  if (!isResultType(type)) return typeSource(type).code;
  const error = type.rust.slice(`Result<${type.inner.rust}, `.length, -1);
  return `t.result(${typeSource(type.inner).code}, ${JSON.stringify(error)})`;
}

/** The source of a type, and the type that it makes. */
interface TypeSource {
  readonly code: string;
  readonly value: AnyType;
}

/** The types without parts, by the name that they have in `t`. */
const simpleTypes = Object.entries(t).filter((entry): entry is [string, AnyType] => typeof entry[1] !== 'function');

function typeSource(type: AnyType): TypeSource {
  const made = plainSource(type);
  if (made.value.rust === type.rust) return made;
  // Another spelling in Rust, which is part of the hash.
  return { code: `t.named(${JSON.stringify(type.rust)}, ${made.code})`, value: type };
}

function plainSource(type: AnyType): TypeSource {
  const { shape, rust } = type;
  switch (shape.kind) {
    case 'any':
      return { code: `t.named(${JSON.stringify(rust)})`, value: type };
    case 'ndarray':
      return {
        code: `t.ndarray('${shape.dtype}', ${shape.dimensions})`,
        value: t.ndarray(shape.dtype, shape.dimensions),
      };
    case 'list': {
      const { code, value } = typeSource(shape.item);
      const { length } = shape;
      return length === undefined
        ? { code: `t.list(${code})`, value: t.list(value) }
        : { code: `t.array(${code}, ${length})`, value: t.array(value, length) };
    }
    case 'tuple': {
      const items = shape.items.map(typeSource);
      return {
        code: `t.tuple(${items.map(({ code }) => code).join(', ')})`,
        value: t.tuple(...items.map(({ value }) => value)),
      };
    }
    case 'option': {
      const { code, value } = typeSource(shape.inner);
      return { code: `t.option(${code})`, value: t.option(value) };
    }
    case 'map':
      return mapSource(shape, rust);
    case 'struct': {
      const { name, fields, doc } = shape;
      return {
        code: `t.struct(${JSON.stringify(name)}, ${fieldsSource(fields)}, ${objectSource({ doc })})`,
        value: t.struct(name, fields),
      };
    }
    case 'enum': {
      const { name, variants, doc } = shape;
      return {
        code: `t.enum(${JSON.stringify(name)}, ${fieldsSource(variants)}, ${objectSource({ doc })})`,
        value: t.enum(name, variants),
      };
    }
    case 'bool':
    case 'bytes':
    case 'char':
    case 'date':
    case 'datetime':
    case 'decimal':
    case 'float':
    case 'integer':
    case 'string':
    case 'unit':
    case 'uuid':
      return simpleSource(type);
  }
}

function simpleSource({ shape, rust }: AnyType): TypeSource {
  const same = simpleTypes.filter(([, each]) => isSameShape(each.shape, shape));
  const [name, value] = same.find(([, each]) => each.rust === rust) ?? same[0] ?? unknownType(shape);
  return { code: `t.${name}`, value };
}

function unknownType({ kind }: TypeShape): never {
  throw new TypeError(`There is no type of the shape ${kind}`);
}

function isSameShape(a: TypeShape, b: TypeShape): boolean {
  const names = Object.keys(a) as (keyof TypeShape)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function mapSource({ key, value }: Extract<TypeShape, { readonly kind: 'map' }>, rust: string): TypeSource {
  const [k, v] = [typeSource(key), typeSource(value)];
  const isBtree = rust.startsWith('BTreeMap<');
  return {
    code: `t.map${isBtree ? '.btree' : ''}(${k.code}, ${v.code})`,
    value: isBtree ? t.map.btree(k.value, v.value) : t.map(k.value, v.value),
  };
}

/** Names are in brackets, here and elsewhere: `__proto__: …` would set the prototype. */
function fieldsSource(fields: Fields): string {
  const entries = Object.entries(fields).map(([name, type]) => {
    const { rust, shape } = type;
    // The named values of a variant have no name in Rust.
    const code = rust === '_' && shape.kind === 'struct' ? fieldsSource(shape.fields) : typeSource(type).code;
    return `[${JSON.stringify(name)}]: ${code}`;
  });
  return `{ ${entries.join(', ')} }`;
}
