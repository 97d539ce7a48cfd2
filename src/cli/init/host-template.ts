import { relative, sep } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { firstMethod } from './interface-template.ts';
import { npmFiles, type ProjectFiles } from './project.ts';

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

const { packages, skipped } = await host.discover();
for (const { path, reason } of skipped) console.error(\`\${path} is skipped: \${reason.message}\`);
if (packages.length === 0) console.log('The folder "plugins" does not contain any plugins yet.');

for (const { manifest } of packages) {
  const plugin = await host.load(manifest.name, ${imported.name});
${callText(definition)}}
`,
  };
}

function importOf(exportName: string, interfaceName: string): { readonly clause: string; readonly name: string } {
  if (exportName === 'default') return { clause: interfaceName, name: interfaceName };
  // The name of an export can be any text. The name of an interface is an identifier.
  if (!/^[A-Za-z_$][\w$]*$/.test(exportName)) {
    return { clause: `{ ${quoted(exportName)} as ${interfaceName} }`, name: interfaceName };
  }
  return { clause: `{ ${exportName} }`, name: exportName };
}

/** A text as a TypeScript literal. A path may contain quotes, backslashes and line breaks. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`);
  return `'${inner.replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`)}'`;
}

function callText({ methods }: Interface): string {
  const start = 'console.log(`${plugin.info.name} ${plugin.info.version}';
  const first = methods.find(({ signature }) => signature === firstMethod.signature);
  if (first !== undefined) return `  ${start}: \${await plugin.client.${first.name}('Hello')}\`);\n`;
  const names = methods.map((method) => method.name).join(', ');
  return `  ${start} is loaded\`);\n  // Call it: await plugin.client.<method>(…), one of ${names}.\n`;
}
