/**
 * Usage: npm run mutants -- [--minutes 10] [--seed 1] [--list] [<part of a path>...]
 *
 * Puts one small fault at a time into the code that keeps foreign packages in check, runs the tests of that code, and says which
 * faults no test noticed. A random sample, as large as the time allows; the same seed takes the same faults in the same order.
 * Files are changed in place and restored, also when this is interrupted.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Folders and files of `src/`, each with the tests that have to notice. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  'src/files/': ['test/packaging/attacks', 'test/packaging/staging.test.ts', 'test/packaging/digest.test.ts'],
  'src/packaging/archive/': [
    'test/packaging/archive/hostile-archives.test.ts',
    'test/packaging/archive/unpack-package.test.ts',
    'test/packaging/archive/pack-package.test.ts',
    'test/packaging/attacks',
  ],
  'src/packaging/signing/': ['test/packaging/signing', 'test/packaging/attacks'],
  'src/packaging/staging.ts': [
    'test/packaging/staging.test.ts',
    'test/packaging/attacks/staging.test.ts',
    'test/packaging/archive',
  ],
  'src/packaging/store/': ['test/packaging/store', 'test/packaging/attacks/store.test.ts', 'test/host/policy.test.ts'],
};

/** What becomes of a piece of code. */
const faults: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ < /g, ' <= '],
  [/ > (?!=)/g, ' >= '],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\bif \((?!false)/g, 'if (false && '],
  [/^( +)(?:await )?(?:this\.#?)?[a-z]\w*(?:\.\w+)*\([^()]*(?:\([^()]*\)[^()]*)*\);$/g, '$1;'],
  [/\b0o[0-7]{3,4}\b/g, '0o777'],
];

interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  readonly tests: readonly string[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
  },
});

const all = Object.entries(subjects)
  .flatMap(([path, tests]) => filesOf(path).flatMap((file) => mutantsOf(file, tests)))
  .filter(({ file }) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
const sample = shuffled(all, Number(values.seed));
if (values.list) for (const mutant of sample) console.log(textOf(mutant));
else run(sample, Number(values.minutes) * 60_000);

function run(mutants: readonly Mutant[], limitMs: number): void {
  const end = performance.now() + limitMs;
  const survivors: Mutant[] = [];
  let tried = 0;
  for (const mutant of mutants) {
    if (performance.now() > end) break;
    tried += 1;
    const noticed = isNoticed(mutant);
    console.log(`${noticed ? 'noticed ' : 'SURVIVED'} ${textOf(mutant)}`);
    if (!noticed) survivors.push(mutant);
  }
  const share = tried === 0 ? 0 : (100 * (tried - survivors.length)) / tried;
  console.log(
    `${tried} of ${mutants.length} faults tried, ${tried - survivors.length} noticed (${share.toFixed(0)} %)`,
  );
}

function isNoticed({ file, line, after, tests }: Mutant): boolean {
  const original = readFileSync(file, 'utf8');
  const restore = () => writeFileSync(file, original);
  process.on('exit', restore);
  try {
    const lines = original.split('\n');
    lines[line] = after;
    writeFileSync(file, lines.join('\n'));
    const settings = { encoding: 'utf8', timeout: 300_000 } as const;
    return spawnSync('npx', ['vitest', 'run', '--bail=1', ...tests], settings).status !== 0;
  } finally {
    restore();
    process.off('exit', restore);
  }
}

function filesOf(path: string): readonly string[] {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}

function mutantsOf(file: string, tests: readonly string[]): readonly Mutant[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((before, line) => {
      // Comments, types and what is only said are no behaviour.
      if (/^\s*(?:\/?\*|\/\/|import |export type|readonly |type )|message|hint|problem/.test(before)) return [];
      return faults.flatMap(([pattern, by]) =>
        [...before.matchAll(pattern)].map((match) => {
          const changed = match[0].replace(new RegExp(pattern.source), by);
          const after = before.slice(0, match.index) + changed + before.slice(match.index + match[0].length);
          return { file, line, before, after, tests };
        }),
      );
    });
}

function textOf({ file, line, before, after }: Mutant): string {
  return `${file}:${line + 1}\n    ${before.trim()}\n    ${after.trim()}`;
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
  return items
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
