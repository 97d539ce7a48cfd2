/**
 * Usage: npm run mutants -- [--sample 120] [--minutes 10] [--seed 1] [--skip 0] [--list] [<part of a path>...]
 *
 * Puts one small fault at a time into the code that checks foreign packages, runs the tests of that code, and reports the faults
 * that no test noticed. Faults come in an order that the seed decides; the run ends after the sample or the time, whichever is
 * first. `--skip` leaves out the first ones, so that a run can go on where another one ended. The work tree is not changed: all
 * of this happens in a copy.
 */
import { parseArgs } from 'node:util';
import { equivalentMutants } from './mutants/equivalent.ts';
import { findMutants, type Mutant } from './mutants/find-mutants.ts';
import { TrialCopy } from './mutants/trial-copy.ts';

/** Folders and files of `src/`, each with the tests that have to notice. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  'src/files/': [
    'test/packaging/attacks/',
    'test/unit/packaging/attacks/',
    'test/unit/packaging/files/',
    'test/packaging/digest.test.ts',
    'test/unit/packaging/digest/',
    'test/packaging/signing/',
    'test/unit/packaging/signing/',
  ],
  'src/packaging/archive/': [
    'test/packaging/archive/',
    'test/unit/packaging/archive/',
    'test/packaging/attacks/',
    'test/unit/packaging/attacks/',
    'test/packaging/options.test.ts',
    'test/packaging/store/',
    'test/unit/packaging/store/',
  ],
  'src/packaging/signing/': [
    'test/packaging/signing/',
    'test/unit/packaging/signing/',
    'test/packaging/attacks/',
    'test/unit/packaging/attacks/',
    'test/packaging/archive/pack-package.test.ts',
    'test/packaging/options.test.ts',
    'test/packaging/store/',
    'test/unit/packaging/store/',
  ],
  'src/packaging/files/staging.ts': [
    'test/unit/packaging/files/',
    'test/unit/packaging/attacks/staging.test.ts',
    'test/packaging/attacks/store.test.ts',
    'test/packaging/archive/',
    'test/unit/packaging/archive/',
  ],
  'src/packaging/store/': [
    'test/packaging/store/',
    'test/unit/packaging/store/',
    'test/packaging/attacks/',
    'test/unit/packaging/attacks/',
    'test/packaging/options.test.ts',
    'test/packaging/archive/interrupted.test.ts',
    'test/host/policy.test.ts',
  ],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '600' },
    sample: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    skip: { type: 'string', default: '0' },
    list: { type: 'boolean', default: false },
  },
});

const everything = Object.entries(subjects).flatMap(([path, tests]) =>
  findMutants(path).map((mutant) => ({ mutant, tests })),
);
const meaningful = everything.filter(({ mutant }) => !isEquivalent(mutant));
const chosen = shuffled(
  meaningful.filter(({ mutant }) => positionals.length === 0 || positionals.some((part) => mutant.file.includes(part))),
  Number(values.seed),
).slice(Number(values.skip), Number(values.skip) + Number(values.sample));
reportUnused();
if (values.list) for (const { mutant } of chosen) console.log(textOf(mutant));
else await run(Number(values.minutes) * 60_000);

async function run(limitMs: number): Promise<void> {
  const copy = await TrialCopy.create(process.cwd());
  try {
    const end = performance.now() + limitMs;
    const survivors: Mutant[] = [];
    let tried = 0;
    for (const { mutant, tests } of chosen) {
      if (performance.now() > end) break;
      const noticing = await copy.findNoticing(mutant, tests);
      tried += 1;
      console.log(
        noticing === undefined
          ? `SURVIVED ${textOf(mutant)}`
          : `noticed by ${noticing}: ${mutant.file}:${mutant.line + 1}`,
      );
      if (noticing === undefined) survivors.push(mutant);
    }
    console.log(`\nNot noticed:\n${survivors.map(textOf).join('\n')}`);
    const share = tried === 0 ? 0 : (100 * (tried - survivors.length)) / tried;
    console.log(
      `${tried} of ${meaningful.length} meaningful faults tried (seed ${values.seed}, from ${values.skip}), ` +
        `${tried - survivors.length} noticed (${share.toFixed(1)} %); ${everything.length - meaningful.length} are equivalent`,
    );
  } finally {
    await copy.close();
  }
}

function isEquivalent({ file, before, after }: Mutant): boolean {
  return equivalentMutants.some(
    (known) => known.file === file && known.before === before.trim() && known.after === after.trim(),
  );
}

/** An entry of the list that fits nothing any more says nothing, and may hide a typing error. */
function reportUnused(): void {
  for (const known of equivalentMutants) {
    const isUsed = everything.some(
      ({ mutant }) =>
        mutant.file === known.file && mutant.before.trim() === known.before && mutant.after.trim() === known.after,
    );
    if (!isUsed) console.warn(`An entry of the list of equivalent faults fits nothing: ${known.file}: ${known.before}`);
  }
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
