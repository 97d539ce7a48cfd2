import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { type Interface, type InterfaceMethod, isInterface } from '../interface.ts';
import type { Argument } from '../method.ts';
import { isResultType, isStreamType } from '../result-and-stream.ts';
import { unit } from '../types/scalar.ts';
import { type JsonSchema, mayBeOmitted, objectOf, TypeSchemas, withDoc } from './type-schemas.ts';

/** The methods of an interface as JSON Schemas. */
export interface InterfaceSchema {
  /** Name of the interface. */
  readonly interface: string;
  /** Version of the interface. */
  readonly version: number;
  /** Hash of the interface: `0x` and 16 digits. */
  readonly hash: string;
  /** Documentation of the interface, if it has any. */
  readonly description?: string;
  /** Its methods by name, in their order. */
  readonly methods: Readonly<Record<string, MethodSchema>>;
}

/** The arguments and the result of a method as JSON Schemas, each complete in itself. */
export interface MethodSchema {
  /** Documentation of the method, if it has any. */
  readonly description?: string;
  /** Whether a plugin may leave out the method. */
  readonly optional: boolean;
  /** Whether the method returns a stream. */
  readonly streaming: boolean;
  /** Schema of an object with the arguments by name. An argument that is a stream is an array of its items. */
  readonly arguments: JsonSchema;
  /** Schema of the result; of each item, for a method that returns a stream. */
  readonly result: JsonSchema;
}

/**
 * Returns the arguments and the result of every method as JSON Schemas (draft 2020-12), for MCP, OpenAPI and the tools of AI SDKs.
 *
 * They describe values in the notation of `toJson()` and `fromJson()`. The arguments are one object, by name.
 *
 * @throws FidiusError `FIDIUS_ARGUMENT_INVALID` when `definition` is not an interface.
 */
export function jsonSchema(definition: Interface): InterfaceSchema {
  if (!isInterface(definition)) {
    const found = describe(definition);
    const message = `jsonSchema() takes an interface made by defineInterface(), got ${found}`;
    throw new FidiusTypeError('FIDIUS_ARGUMENT_INVALID', message);
  }
  const { name, version, hashHex, doc, methods } = definition;
  return {
    interface: name,
    version,
    hash: hashHex,
    ...(doc === undefined ? {} : { description: doc.trim() }),
    methods: Object.fromEntries(methods.map((method) => [method.name, methodSchema(method)])),
  };
}

function methodSchema(method: InterfaceMethod): MethodSchema {
  const { doc, optional, streaming } = method;
  return {
    ...(doc === undefined ? {} : { description: doc.trim() }),
    optional,
    streaming,
    arguments: complete((schemas) => argumentsSchema(method.arguments, schemas)),
    result: complete((schemas) => resultSchema(method, schemas)),
  };
}

/** A schema with the definitions that it refers to. */
function complete(write: (schemas: TypeSchemas) => JsonSchema): JsonSchema {
  const schemas = new TypeSchemas();
  const written = write(schemas);
  const { definitions } = schemas;
  // Most readers expect the type at the root. No other definition refers to this one: types contain no cycles.
  const root = Object.keys(definitions).find((name) => written['$ref'] === `#/$defs/${name}`);
  const schema = root === undefined ? written : (definitions[root] as JsonSchema);
  if (root !== undefined) delete definitions[root];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...schema,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}

/** The schema of an object with the arguments by name. */
export function argumentsSchema(list: readonly Argument[], schemas: TypeSchemas): JsonSchema {
  const properties = list.map(({ name, type, doc }) => {
    const schema: JsonSchema = isStreamType(type)
      ? { type: 'array', items: schemas.schemaOf(type.item, 'argument'), description: 'The items of a stream.' }
      : schemas.schemaOf(type, 'argument');
    return [name, withDoc(schema, doc)] as const;
  });
  const required = list.filter(({ type }) => isStreamType(type) || !mayBeOmitted(type)).map(({ name }) => name);
  return objectOf(properties, required);
}

/** The schema of the result of a method, or of one item of its stream. */
export function resultSchema({ returns = unit }: InterfaceMethod, schemas: TypeSchemas): JsonSchema {
  const type = isResultType(returns) ? returns.inner : isStreamType(returns) ? returns.item : returns;
  return schemas.schemaOf(type, 'result');
}
