import type { Interface, InterfaceMethod } from '../interface.ts';
import type { JsonValue } from '../json-value.ts';
import { argumentsSchema, resultSchema } from './interface-schema.ts';
import { type JsonSchema, objectOf, TypeSchemas } from './type-schemas.ts';

/** A document of OpenAPI. */
export type OpenApiDocument = { [field: string]: JsonValue };

const components = { prefix: '#/components/schemas/', isShared: true };

/**
 * An interface as an OpenAPI 3.1 document: each method is a `POST` of its arguments, by name, to a path of its name.
 *
 * It describes the values; the server is a program of the user.
 */
export function openApiDocument(definition: Interface): OpenApiDocument {
  const { name, version, doc, methods } = definition;
  const schemas = new TypeSchemas(components);
  // Results first: a struct that differs between the directions has its plain name there.
  const results = methods.map((method) => resultSchema(method, schemas));
  const paths = methods.map((method, index) => [
    `/${encodeURIComponent(method.name)}`,
    { post: operation(method, results[index] ?? {}, schemas) },
  ]);
  return {
    openapi: '3.1.0',
    info: { title: name, version: String(version), ...described(doc) },
    paths: Object.fromEntries(paths) as OpenApiDocument,
    components: { schemas: { ...schemas.definitions }, responses: { Failure: failure } },
  };
}

function operation(method: InterfaceMethod, result: JsonSchema, schemas: TypeSchemas): OpenApiDocument {
  const content: OpenApiDocument = method.streaming
    ? { 'application/jsonl': { schema: result } }
    : { 'application/json': { schema: result } };
  const description = method.streaming ? 'The items of the stream, one JSON value on each line.' : 'The result.';
  return {
    operationId: method.name,
    ...described(method.doc),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: argumentsSchema(method.arguments, schemas) } },
    },
    responses: { 200: { description, content }, default: { $ref: '#/components/responses/Failure' } },
  };
}

function described(doc: string | undefined): OpenApiDocument {
  return doc === undefined ? {} : { description: doc.trim() };
}

const failure: OpenApiDocument = {
  description: 'The call failed: the arguments are invalid, or the plugin raised an exception.',
  content: {
    'application/json': {
      schema: objectOf(
        [
          ['code', { type: 'string', description: 'Of the plugin, or one of this library (`FIDIUS_…`).' }],
          ['message', { type: 'string' }],
          ['details', { description: 'What the plugin added to the error.' }],
        ],
        ['code', 'message'],
      ),
    },
  },
};
