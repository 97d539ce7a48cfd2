import type { Interface, InterfaceMethod } from '../contract/interface.ts';
import { jsonSchema } from '../contract/json-schema/interface-schema.ts';
import type { JsonSchema } from '../contract/json-schema/type-schemas.ts';
import { isResultType, isStreamType } from '../contract/result-and-stream.ts';
import type { Plugin } from '../host/plugin.ts';
import type { Tool } from './sdk.ts';

/** A plugin whose methods become tools. */
export interface McpPlugin {
  /** Name of its package, as in `package.toml`. */
  readonly name: string;
  /** The interface that it implements. */
  readonly interface: Interface;
  /**
   * Loads it, when one of its tools is called and the host has no open plugin of this name and interface.
   *
   * @default `host.load(name, interface)`
   */
  readonly load?: (() => Promise<Plugin<Interface>>) | undefined;
}

/** One method of one plugin as a tool. */
export interface MethodTool {
  readonly definition: Tool;
  readonly plugin: McpPlugin;
  readonly method: InterfaceMethod;
  /** Whether the result is the property `result` of the structured content, because only objects can be structured content. */
  readonly isWrapped: boolean;
}

/** Names the tool of a method. */
export type ToolName = (plugin: string, method: string) => string;

/** All methods of all plugins as tools, by name. Two tools never have one name. */
export function toolsOf(
  plugins: readonly McpPlugin[],
  toolName: ToolName | undefined,
): ReadonlyMap<string, MethodTool> {
  const nameOf = toolName ?? (plugins.length === 1 ? (_plugin, method) => method : joined);
  const tools = new Map<string, MethodTool>();
  for (const plugin of plugins) {
    const { methods } = jsonSchema(plugin.interface);
    for (const method of plugin.interface.methods) {
      const name = freeName(validName(nameOf(plugin.name, method.name)), tools);
      const schema = methods[method.name];
      if (schema === undefined) continue;
      const { isWrapped, outputSchema } = outputOf(method, schema.result);
      const description = describe(plugin, method);
      const inputSchema = withoutDialect(schema.arguments) as Tool['inputSchema'];
      tools.set(name, { plugin, method, isWrapped, definition: { name, description, inputSchema, outputSchema } });
    }
  }
  return tools;
}

function joined(plugin: string, method: string): string {
  return `${plugin}_${method}`;
}

/** The characters and the length that every client accepts. */
function validName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || '_';
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const ending = `_${number}`;
    const other = `${name.slice(0, 64 - ending.length)}${ending}`;
    if (!taken.has(other)) return other;
  }
}

function describe({ name }: McpPlugin, { name: method, doc, optional }: InterfaceMethod): string {
  const text = doc?.trim() ?? `Calls ${method}() of the plugin ${name}.`;
  return optional ? `${text}\n\nThe plugin may lack this method.` : text;
}

function outputOf(
  { returns, streaming }: InterfaceMethod,
  schema: JsonSchema,
): { readonly isWrapped: boolean; readonly outputSchema: Tool['outputSchema'] } {
  const plain = withoutDialect(schema);
  const isWrapped = streaming || !isObjectType(returns);
  if (!isWrapped) return { isWrapped, outputSchema: plain as Tool['outputSchema'] };
  const { $defs, ...value } = plain;
  const outputSchema = {
    type: 'object' as const,
    properties: { result: streaming ? { type: 'array', items: value } : value },
    required: ['result'],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  };
  return { isWrapped, outputSchema };
}

/** Whether every value of the type is a JSON object. */
function isObjectType(returns: InterfaceMethod['returns']): boolean {
  if (returns === undefined || isStreamType(returns)) return false;
  const { shape } = isResultType(returns) ? returns.inner : returns;
  if (shape.kind === 'map') return shape.key.shape.kind === 'string' || shape.key.shape.kind === 'char';
  return shape.kind === 'struct';
}

/** MCP assumes draft 2020-12, and validators of older drafts do not know the address of that one. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema'));
}
