/**
 * Counts phrases that mark unidiomatic English, per 10,000 words, and fails where there are more than the limit.
 *
 * Usage: npm run check:prose; with `-- --places` it lists every phrase and where it is.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownProse } from './prose/markdown.ts';
import { countWords, findMarkers } from './prose/markers.ts';
import { pythonComments } from './prose/python.ts';
import { testTitles, typescriptComments, typescriptStrings } from './prose/typescript.ts';

interface Corpus {
  readonly name: string;
  /** Files and folders, relative to the root. */
  readonly roots: readonly string[];
  readonly suffix: string;
  readonly prose: (source: string) => string;
  /** Markers per 10,000 words that are wanted. */
  readonly goal: number;
  /** Markers per 10,000 words that are allowed. It may only be lowered, until it equals the goal. */
  readonly limit: number;
}

const root = join(import.meta.dirname, '..');

const corpora: readonly Corpus[] = [
  {
    name: 'docs',
    roots: [...markdownOfRoot(), 'docs', 'changes', 'packages', 'python', 'examples'],
    suffix: '.md',
    prose: markdownProse,
    goal: 3,
    limit: 3,
  },
  {
    name: 'error reference',
    roots: ['src/errors/codes.ts'],
    suffix: '.ts',
    prose: typescriptStrings,
    goal: 3,
    limit: 3,
  },
  { name: 'comments of src', roots: ['src'], suffix: '.ts', prose: typescriptComments, goal: 6, limit: 6 },
  { name: 'comments of runtime', roots: ['runtime'], suffix: '.py', prose: pythonComments, goal: 6, limit: 6 },
  { name: 'comments of python', roots: ['python'], suffix: '.py', prose: pythonComments, goal: 6, limit: 6 },
  { name: 'titles of tests', roots: ['test'], suffix: '.test.ts', prose: testTitles, goal: 6, limit: 6 },
];

const places = process.argv.includes('--places');
let failed = false;

for (const { name, roots, suffix, prose, goal, limit } of corpora) {
  const pages = roots.flatMap((each) => filesIn(each, suffix)).map((path) => ({ path, text: prose(read(path)) }));
  const words = pages.reduce((sum, { text }) => sum + countWords(text), 0);
  const markers = pages.flatMap(({ path, text }) => findMarkers(path, text));
  const rate = (markers.length * 10_000) / words;
  const tooMany = rate > limit;
  failed ||= tooMany;

  const figures = `${markers.length} in ${words} words: ${rate.toFixed(1)} per 10,000, limit ${limit}, goal ${goal}`;
  console.log(`${tooMany ? 'FAIL' : 'ok'}  ${name}: ${figures}`);
  if (Math.max(goal, Math.ceil(rate)) < limit) {
    console.log(`      lower the limit in scripts/prose.ts to ${Math.max(goal, Math.ceil(rate))}`);
  }
  if (tooMany || places) for (const { path, line, phrase } of markers) console.log(`      ${path}:${line}  ${phrase}`);
}

if (failed) {
  console.error('Rewrite the sentences with these phrases: subject first, standard terms, no negated nouns.');
  process.exitCode = 1;
}

function markdownOfRoot(): string[] {
  return readdirSync(root).filter((name) => name.endsWith('.md'));
}

function filesIn(path: string, suffix: string): string[] {
  if (path.endsWith(suffix)) return [path];
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(suffix))
    .filter(({ name }) => name !== 'node_modules' && !name.startsWith('.'))
    .map(({ name }) => `${path}/${name}`)
    .sort()
    .flatMap((each) => filesIn(each, suffix));
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
