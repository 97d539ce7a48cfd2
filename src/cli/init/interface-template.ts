import type { ProjectFiles } from './new-project.ts';
import { npmFiles } from './npm-files.ts';

/** The method that a new interface has to begin with; `init plugin` and `init host` know what to do with it. */
export const firstMethod = { name: 'process', signature: 'process:String->String' } as const;

/** A package with one interface of one method. */
export function interfaceFiles(name: string, interfaceName: string): ProjectFiles {
  const file = `${name}.ts`;
  return {
    ...npmFiles(name, { exports: `./${file}` }),
    [file]: `import { defineInterface, method, t } from 'fidius';

/**
 * The methods of a plugin. Replace the method with your own, and increase \`version\` when you do. Plugins have to be
 * changed as well, because their hash is computed from the signatures.
 */
export const ${interfaceName} = defineInterface('${interfaceName}', {
  version: 1,
  methods: {
    ${firstMethod.name}: method({ input: t.string }, t.string),
  },
});
`,
  };
}
