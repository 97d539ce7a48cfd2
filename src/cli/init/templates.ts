import { relative, sep } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { npmFiles, type ProjectFiles } from './project.ts';

/** The first method of a new interface. `init plugin` implements it, and the program of `init host` calls it. */
const firstMethod = { name: 'process', signature: 'process:String->String' } as const;

/** The files of an npm package with an interface of one method. */
export function interfaceFiles(name: string, interfaceName: string): ProjectFiles {
  const file = `${name}.ts`;
  const variable = toVariableName(interfaceName, ['defineInterface', 'method', 't']);
  return {
    ...npmFiles(name, { exports: `./${file}` }),
    [file]: `import { defineInterface, method, t } from 'fidius';

/**
 * The methods of a plugin. Replace the method with your own, and increase \`version\` when you do. Plugins have to be
 * changed as well, because their hash is computed from the signatures.
 */
export const ${variable} = defineInterface(${quoted(interfaceName)}, {
  version: 1,
  methods: {
    ${firstMethod.name}: method({ input: t.string }, t.string),
  },
});
`,
  };
}

/** The files of a package for an interface: a manifest, and a module with its methods. */
export async function pluginFiles(
  name: string,
  definition: Interface,
  extension: string | undefined,
): Promise<ProjectFiles> {
  const module = entryModule(name);
  return {
    'package.toml': `[package]
name = "${name}"
version = "0.1.0"
interface = "${definition.name}"
interface_version = ${definition.version}
${extension === undefined ? '' : `extension = ${tomlString(extension)}\n`}runtime = "python"

[metadata]

[python]
entry_module = "${module}"
`,
    [`${module}.py`]: await moduleText(definition),
  };
}

/** JSON allows two things that TOML does not: a plain DEL, and half a surrogate pair. */
function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\x7f', String.raw`\u007f`);
}

/** The name of the module has at least two words, because the standard library may use a single word. */
function entryModule(name: string): string {
  const module = name.replaceAll('-', '_').toLowerCase();
  return module.includes('_') ? module : `${module}_plugin`;
}

async function moduleText(definition: Interface): Promise<string> {
  const { generatePythonStub } = await import('../../contract/python-stub/create-python-stub.ts');
  const stub = generatePythonStub(definition);
  const isFirst = definition.methods.length === 1 && definition.methods[0]?.signature === firstMethod.signature;
  // For the unchanged interface of `fidius init interface`, the plugin works and can be tried out.
  return isFirst ? stub.replace(`raise NotImplementedError("${firstMethod.name}")`, 'return input.upper()') : stub;
}

/** The files of a program that loads every plugin in its folder `plugins`. */
export function hostFiles(
  name: string,
  folder: string,
  {
    definition,
    module,
    exportName,
  }: { readonly definition: Interface; readonly module: string; readonly exportName: string },
): ProjectFiles {
  const specifier = relative(folder, module).split(sep).join('/');
  const imported = importOf(exportName, definition.name);
  return {
    ...npmFiles(name, { scripts: { start: 'tsx host.ts', check: 'tsc' } }),
    'host.ts': `import { join } from 'node:path';
import { PluginHost } from 'fidius';
import ${imported.clause} from ${quoted(specifier.startsWith('.') ? specifier : `./${specifier}`)};

await using host = await PluginHost.open({ searchPaths: [join(import.meta.dirname, 'plugins')] });

const { plugins, failures } = await host.loadAll(${imported.name});
for (const { error } of failures) console.error(error.message);
if (plugins.length === 0) console.log(${quoted(`The folder "plugins" does not contain a plugin for ${definition.name}.`)});

for (const plugin of plugins) {
${callText(definition)}}
`,
  };
}

/** Names that the program uses for something else. */
const taken = ['PluginHost', 'console', 'error', 'failures', 'host', 'join', 'plugin', 'plugins'];

function importOf(exportName: string, interfaceName: string): { readonly clause: string; readonly name: string } {
  // The name of an export can be any text.
  const isName = isIdentifierName(exportName);
  const name = toVariableName(isName && exportName !== 'default' ? exportName : interfaceName, taken);
  if (exportName === 'default') return { clause: name, name };
  if (exportName === name) return { clause: `{ ${name} }`, name };
  return { clause: `{ ${isName ? exportName : quoted(exportName)} as ${name} }`, name };
}

function callText({ methods }: Interface): string {
  const start = 'console.log(`${plugin.info.name} ${plugin.info.version}';
  const first = methods.find(({ signature }) => signature === firstMethod.signature);
  if (first !== undefined) return `  ${start}: \${await plugin.client.${first.name}('Hello')}\`);\n`;
  const names = methods.map((method) => method.name).join(', ');
  return `  ${start} is loaded\`);\n  // Call it: await plugin.client.<method>(…), one of ${names}.\n`;
}

/** Words that cannot be the name of a variable in a module. */
const reserved: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public ' +
    'return static super switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** Whether a text is a name in JavaScript, which may still be a reserved word. */
function isIdentifierName(text: string): boolean {
  return /^[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
}

/**
 * The nearest name that a variable can have.
 *
 * @param taken names that the module uses otherwise.
 */
function toVariableName(text: string, taken: readonly string[]): string {
  // An interface may have any name of Rust.
  const plain = text.replace(/^r#/, '');
  let name = isIdentifierName(plain) ? plain : 'Interface';
  while (reserved.has(name) || taken.includes(name)) name += '_';
  return name;
}

/** A text as a TypeScript literal. It may contain quotes, backslashes and line breaks. */
export function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`);
  return `'${inner.replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`)}'`;
}
