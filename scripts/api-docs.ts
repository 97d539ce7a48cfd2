/** Finds what the documentation of an entry of the package lacks, in the model and the report of API Extractor. */

import type { ApiItem } from './api-page.ts';

/** Options are read by callers, so every optional one states its default. */
export function findMissingDefaults(model: ApiItem): readonly string[] {
  return interfacesOf(model)
    .filter(({ name = '' }) => name.endsWith('Options'))
    .flatMap(({ name, members = [] }) =>
      members
        .filter((member) => member.isOptional === true && !/@default \S/.test(member.docComment ?? ''))
        .map((member) => `${name}.${member.name} has no @default`),
    );
}

/** The members that have no description, as the report marks them. */
export function findUndocumented(report: string): readonly string[] {
  return [...report.matchAll(/\(undocumented\)\n\s*(.+)/g)].map(([, line]) => `not documented: ${line}`);
}

/** The types that a public signature names and neither this entry nor an earlier one exports. */
export function findForgottenExports(notes: string, exportedEarlier: readonly string[]): readonly string[] {
  return [...notes.matchAll(/\(ae-forgotten-export\) The symbol "(\w+)"/g)]
    .filter(([, name = '']) => !exportedEarlier.includes(name))
    .map(([, name]) => `not exported: ${name}`);
}

function interfacesOf(item: ApiItem): readonly ApiItem[] {
  const below = (item.members ?? []).flatMap(interfacesOf);
  return item.kind === 'Interface' ? [item, ...below] : below;
}
