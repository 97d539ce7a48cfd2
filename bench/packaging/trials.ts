import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measureCommand, measureOurs, medianOf } from './measured.ts';
import type { Tree } from './trees.ts';

/** One piece of work, done by the library and by programs that everybody has. */
export interface PackagingTrial {
  readonly title: string;
  readonly ours: () => Promise<Measured>;
  /** What does the same, as it is typed. */
  readonly peer: string;
  readonly theirs: () => Promise<Measured>;
  /** How many times as long as the peer it may take. */
  readonly budget?: number;
}

export interface PackagingFigure {
  readonly trial: PackagingTrial;
  readonly ours: Measured;
  readonly theirs: Measured;
}

const everyFile = 'cd "$1" && find . -type f -print0 | xargs -0';

export function comparedTrials(
  trees: { readonly vendored: Tree; readonly small: Tree },
  scratch: string,
): PackagingTrial[] {
  const { vendored, small } = trees;
  const archive = join(scratch, 'vendored.fid');
  const tarball = join(scratch, 'vendored.tar.bz2');
  const digest = ({ dir, title, files }: Tree): PackagingTrial => ({
    title: `digest of ${files.toLocaleString('en')} files, ${title}`,
    ours: () => measureOurs('digest', dir),
    peer: 'sha256sum',
    theirs: () => measureCommand(`${everyFile} sha256sum`, dir),
    budget: 2,
  });
  return [
    digest(vendored),
    digest(small),
    {
      title: 'pack',
      ours: () => measureOurs('pack', vendored.dir, archive),
      peer: 'tar cj',
      theirs: () => measureCommand('tar cjf "$2" -C "$1" .', vendored.dir, tarball),
    },
    {
      title: 'unpack',
      ours: () => intoNew(scratch, (dest) => measureOurs('unpack', archive, dest)),
      peer: 'tar xj',
      // The same archive: what one program writes, the other reads.
      theirs: () => intoNew(scratch, (dest) => measureCommand('tar xjf "$1" -C "$2"', archive, dest)),
    },
  ];
}

/** Both sides of a trial in turn, after each has run once unmeasured; who begins changes from round to round. */
export async function runTrial(trial: PackagingTrial, rounds: number): Promise<PackagingFigure> {
  await trial.ours();
  await trial.theirs();
  const [ours, theirs]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) ours.push(await trial.ours());
    theirs.push(await trial.theirs());
    if (round % 2 === 1) ours.push(await trial.ours());
  }
  return { trial, ours: medianOf(ours), theirs: medianOf(theirs) };
}

/** What it costs to know that a package is what somebody signed. */
export interface VerificationFigure {
  readonly title: string;
  readonly measured: Measured;
}

export async function measureVerification(
  { dir }: Tree,
  scratch: string,
  rounds: number,
): Promise<{ readonly read: Measured; readonly figures: readonly VerificationFigure[] }> {
  const store = join(scratch, 'store');
  await measureOurs('sign', dir);
  const [read, verify, first, later]: [Measured[], Measured[], Measured[], Measured[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    read.push(await measureCommand(`${everyFile} cat`, dir));
    verify.push(await measureOurs('verify', dir));
    if (existsSync(store)) await measureCommand('chmod -R u+w "$1" && rm -r "$1"', store);
    first.push(await measureOurs('admit', dir, store));
    later.push(await measureOurs('admit', dir, store));
  }
  const figures = [
    { title: '`verifyPackage()`', measured: medianOf(verify) },
    { title: 'before the first load: copied into the store, verified from the copy', measured: medianOf(first) },
    { title: 'before a later load', measured: medianOf(later) },
  ];
  return { read: medianOf(read), figures };
}

export async function measureDiscovery(searchPath: string, rounds: number): Promise<Measured> {
  const measured: Measured[] = [];
  for (let round = 0; round <= rounds; round += 1) measured.push(await measureOurs('discover', searchPath));
  // The first one warmed the disk.
  return medianOf(measured.slice(1));
}

async function intoNew(scratch: string, work: (dest: string) => Promise<Measured>): Promise<Measured> {
  const dest = join(scratch, 'unpacked');
  mkdirSync(dest);
  try {
    return await work(dest);
  } finally {
    rmSync(dest, { recursive: true });
  }
}
