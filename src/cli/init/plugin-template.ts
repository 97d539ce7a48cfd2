import type { Interface } from '../../contract/interface.ts';
import { firstMethod } from './interface-template.ts';
import type { ProjectFiles } from './new-project.ts';

/** A package for an interface: a manifest, and a module with its methods to fill in. */
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

/** A name of two words is no module of the standard library; one of a single word could be. */
function entryModule(name: string): string {
  const module = name.replaceAll('-', '_').toLowerCase();
  return module.includes('_') ? module : `${module}_plugin`;
}

async function moduleText(definition: Interface): Promise<string> {
  const { createPythonStub } = await import('../../contract/python-stub/create-python-stub.ts');
  const stub = createPythonStub(definition);
  const isFirst = definition.methods.length === 1 && definition.methods[0]?.signature === firstMethod.signature;
  // The interface of `fidius init interface` gets a plugin that works, so that there is something to change.
  return isFirst ? stub.replace(`raise NotImplementedError("${firstMethod.name}")`, 'return input.upper()') : stub;
}
