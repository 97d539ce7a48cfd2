/** A fact for people; one without a text is left out. */
export type Fact = readonly [name: string, text: string | number | undefined];

/** Facts below each other, their texts in one column. */
export function factsText(facts: readonly Fact[], indent = ''): string {
  const shown = facts.filter(([, text]) => text !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, text]) => `${indent}${`${name}:`.padEnd(width)} ${text}\n`).join('');
}
