import { shown } from '../errors/shown.ts';

/** A fact for people; one without a text is left out. */
export type Fact = readonly [name: string, text: string | number | undefined];

/** Facts below each other, their texts in one column. */
export function factsText(facts: readonly Fact[], indent = ''): string {
  const known = facts.filter(([, text]) => text !== undefined);
  const width = Math.max(...known.map(([name]) => name.length)) + 1;
  return known.map(([name, text]) => `${indent}${`${name}:`.padEnd(width)} ${shown(String(text))}\n`).join('');
}
