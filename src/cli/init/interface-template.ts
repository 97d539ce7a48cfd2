import { npmFiles, type ProjectFiles } from './project.ts';
import { quoted, toVariableName } from './typescript-text.ts';

/** The first method of a new interface. `init plugin` implements it, and the program of `init host` calls it. */
export const firstMethod = { name: 'process', signature: 'process:String->String' } as const;

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
