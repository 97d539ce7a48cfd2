import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { defineInterface, jsonSchema, method, t } from '../../src/index.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { tempFolder } from '../support/temp-folder.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const interfaces = join(fixtures, 'interfaces');

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const openApi = readFileSync(join(fixtures, 'vectors/openapi-3.1.schema.json'), 'utf8');
// ajv finds the wrong target for the dynamic reference: the schema of OpenAPI itself in place of that of a schema. The format of
// references was corrected in later editions of the schema.
const isOpenApi = ajv.compile(
  JSON.parse(
    openApi
      .replaceAll('"$dynamicRef": "#meta"', '"$ref": "#/$defs/schema"')
      .replaceAll('"format": "uri"', '"format": "uri-reference"'),
  ) as object,
);

const shop = `
import { defineInterface, method, t } from 'fidius';

const Row = t.struct('Row', { id: t.u64, note: t.option(t.string) });
export const Shop = defineInterface('Shop', {
  version: 3,
  doc: 'A shop \\u0085 with \\u2028 lines.',
  methods: {
    find: method([{ rows: t.list(Row) }, { limit: t.u8 }], Row, { doc: 'Finds.', argumentDocs: { limit: 'At most.' } }),
    watch: method({}, t.stream(Row)),
  },
});
`;

function workplace(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, 'shop.ts'), shop);
  return folder;
}

describe('fidius schema', () => {
  it('prints what jsonSchema() returns, as JSON', async () => {
    const Greeter = defineInterface('Greeter', {
      version: 1,
      methods: { greet: method({ name: t.string }, t.string) },
    });

    const { exitCode, stdout, stderr } = await fidiusIn(interfaces, ['schema', 'greeter.ts']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(jsonSchema(Greeter));
  });

  it('prints an OpenAPI document that matches the schema of OpenAPI 3.1', async () => {
    const { exitCode, stdout } = await fidiusIn(workplace(), ['schema', 'shop.ts', '--openapi']);

    const document = JSON.parse(stdout) as { readonly components: { readonly schemas: object } };
    expect(exitCode).toBe(0);
    expect([isOpenApi(document), isOpenApi.errors]).toEqual([true, null]);
    expect(Object.values(document.components.schemas).map((schema: object) => ajv.validateSchema(schema))).toEqual([
      true,
      true,
    ]);
    expect(document).toMatchSnapshot();
  });

  it('escapes characters that a terminal interprets', async () => {
    const { stdout } = await fidiusIn(workplace(), ['schema', 'shop.ts']);

    expect(stdout).toContain('A shop \\u0085 with \\u2028 lines.');
  });

  it('selects one of several interfaces by its name', async () => {
    expect(await fidiusIn(interfaces, ['schema', 'several.ts'])).toMatchObject({ exitCode: 1 });
    expect((await fidiusIn(interfaces, ['schema', 'several.ts#Two'])).stdout).toContain('"interface": "Two"');
  });
});
