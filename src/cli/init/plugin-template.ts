import type { Interface } from '../../contract/interface.ts';
import { firstMethod } from './interface-template.ts';
import type { ProjectFiles } from './project.ts';

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
