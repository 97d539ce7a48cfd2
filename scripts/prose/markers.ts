/**
 * Phrases that a native technical writer would not use, in any inflection. They mark sentences that need another look:
 * a free relative clause or a negated noun as subject, a metaphor, or an everyday word where a standard term exists.
 */
const phrases: readonly string[] = [
  "nobody(?:’s|'s)?",
  "somebody(?:’s|'s)?",
  'whoever',
  'for ever',
  'in vain',
  'of (?:its|their|his|your|my) own',
  // "There is no …" and "is no longer" are standard English; "is no Ed25519 key" is not.
  '(?<!there )(?:is|are|was|were) no (?!longer|more)\\w+',
  'giv(?:e|es|en|ing) up',
  'gave up',
  '(?:give|gives|given|giving|gave) (?:it|them|one|a call|the call|a load|calls) up',
  'mend(?:s|ed|ing)?',
  'beside',
  'what (?:came|comes) of',
  'anew',
  'afresh',
  'hears? of',
  'heard of',
  '(?:is|are|was|were) told of',
  'left over',
  '(?:is|are|was|were) asked who',
  'taken? at (?:its|their) word',
  'passed over',
  'to be had',
];

/** A phrase may be broken at the end of a line, but not reach over an empty one. */
const gap = String.raw`(?:[ \t]+|[ \t]*\r?\n[ \t]*)`;

const marker = new RegExp(
  String.raw`(?<![\w-])(?:${phrases.map((each) => each.replaceAll(' ', gap)).join('|')})(?![\w-])`,
  'gi',
);

export interface Marker {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly phrase: string;
}

/** The markers of a text in which everything that is not prose is blanked. */
export function findMarkers(path: string, prose: string): Marker[] {
  return [...prose.matchAll(marker)].map(({ 0: phrase, index }) => ({
    path,
    line: prose.slice(0, index).split('\n').length,
    phrase: phrase.replaceAll(/\s+/g, ' '),
  }));
}

export function countWords(prose: string): number {
  return prose.match(/[\p{L}\p{N}]+(?:[’'-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
}
