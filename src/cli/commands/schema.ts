import { defineCommand } from '../define-command.ts';
import { importNamedInterface } from '../import-interface.ts';
import { escapeControls } from '../output/json.ts';

/** `fidius schema`: prints the methods of an interface as JSON Schemas, or as an OpenAPI document. */
export const schema = defineCommand({
  name: 'schema',
  summary: 'Print the methods of an interface as JSON Schemas',
  arguments: { module: {} },
  options: {
    openapi: {
      type: 'boolean',
      help: 'Print an OpenAPI 3.1 document, in which each method is a POST of its arguments',
    },
  },
  examples: ['fidius schema greeter-interface.ts', 'fidius schema interfaces.ts#Greeter --openapi'],
  async run({ options, args }, io) {
    const { jsonSchema } = await import('../../contract/json-schema/interface-schema.ts');
    const { openApiDocument } = await import('../../contract/json-schema/open-api.ts');
    const { definition } = await importNamedInterface(args.module, io.cwd);
    const document = options.openapi ? openApiDocument(definition) : jsonSchema(definition);
    return { text: `${escapeControls(JSON.stringify(document, undefined, 2))}\n` };
  },
});
