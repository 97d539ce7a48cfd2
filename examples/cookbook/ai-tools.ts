import { dynamicTool, jsonSchema as inputSchema, type ToolSet } from 'ai';
import { fromJson, type Interface, type InterfaceMethod, jsonSchema, type Plugin, toJson } from 'fidius';

type Functions = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** A tool of the AI SDK for each method that the plugin has. */
export function aiTools<I extends Interface>(plugin: Plugin<I>, definition: I, limits = { maxItems: 100 }): ToolSet {
  const schemas = jsonSchema(definition).methods;
  const functions = plugin.client as Functions;
  const tools: ToolSet = {};
  for (const method of definition.methods) {
    const [schema, call] = [schemas[method.name], functions[method.name]];
    if (schema === undefined || call === undefined) continue; // an optional method that this plugin lacks
    tools[method.name] = dynamicTool({
      ...(schema.description === undefined ? {} : { description: schema.description }),
      inputSchema: inputSchema(schema.arguments),
      // What this throws reaches the model as the result of the tool: a PluginError has a message for it.
      async execute(input, { abortSignal }) {
        const answer = call(...argumentsOf(method, input as Record<string, unknown>), { signal: abortSignal });
        return method.streaming
          ? await firstItems(answer as AsyncIterable<unknown>, limits.maxItems)
          : toJson(await answer);
      },
    });
  }
  return tools;
}

/** The arguments of a call in their order, from an object of JSON by name. The call itself checks them. */
function argumentsOf(method: InterfaceMethod, input: Readonly<Record<string, unknown>>): unknown[] {
  return method.arguments.map(({ name, type }) => {
    const value = input[name];
    return 'item' in type ? (value as unknown[]).map((item) => fromJson(type.item, item)) : fromJson(type, value);
  });
}

/** Leaving the loop ends the generator in Python. */
async function firstItems(stream: AsyncIterable<unknown>, most: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) if (items.push(toJson(item)) === most) break;
  return items;
}
