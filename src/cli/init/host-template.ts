import { relative, sep } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { firstMethod } from './interface-template.ts';
import { npmFiles, type ProjectFiles } from './project.ts';
import { isIdentifierName, quoted, toVariableName } from './typescript-text.ts';

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

/** Names that the program uses for something else. */
const taken = ['PluginHost', 'console', 'host', 'join', 'manifest', 'packages', 'path', 'plugin', 'reason', 'skipped'];

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
