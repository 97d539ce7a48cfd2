import type { ProjectFiles } from './new-project.ts';
import { npmFiles } from './npm-files.ts';
import { quoted, toVariableName } from './typescript-text.ts';

/** The method that a new interface has to begin with; `init plugin` and `init host` know what to do with it. */
export const firstMethod = { name: 'process', signature: 'process:String->String' } as const;

/** A package with one interface of one method. */
export function interfaceFiles(name: string, interfaceName: string): ProjectFiles {
  const file = `${name}.ts`;
  const variable = toVariableName(interfaceName, ['defineInterface', 'method', 't']);
  return {
    ...npmFiles(name, { exports: `./${file}` }),
    [file]: `import { defineInterface, method, t } from 'fidius';

/**
 * What a host asks of a plugin. Replace the method by your own; plugins have to follow, because their hash is made of the
 * signatures. Count \`version\` up when you do.
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
