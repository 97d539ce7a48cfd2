import { mkdirSync, rmSync } from 'node:fs';
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

/** The work that a signature adds before a package is loaded. */
export interface VerificationFigure {
  readonly title: string;
  readonly measured: Measured;
  /** The work that it is compared with: its duration is the sum of the medians of its parts. */
  readonly peer: string;
  readonly peerMs: number;
  /** How many times as long as the peer it may take. */
  readonly budget?: number;
  /** How many times the bytes of the package may be read; the manifest and the signature are read once more. */
  readonly readBudget?: number;
}

/**
 * Measures verification, and loads into a package store.
 *
 * Nothing is removed before the last round. On ext4, creating files is slower after many files were removed. That affects the
 * store and `cp` alike.
 */
export async function measureVerification(
  { dir }: Tree,
  scratch: string,
  rounds: number,
): Promise<readonly VerificationFigure[]> {
  const archive = join(scratch, 'signed.fid');
  await measureOurs('sign', dir);
  await measureOurs('pack', dir, archive);
  const work = {
    cat: () => measureCommand(`${everyFile} cat`, dir),
    digest: () => measureOurs('digest', dir),
    copy: (round: number) => measureCommand('cp -r "$1" "$2"', dir, join(scratch, `copy-${round}`)),
    verify: () => measureOurs('verify', dir),
    first: (round: number) => measureOurs('admit', dir, join(scratch, `store-${round}`)),
    later: (round: number) => measureOurs('admit', dir, join(scratch, `store-${round}`)),
    unpack: (round: number) => measureOurs('unpack', archive, join(scratch, `unpacked-${round}`)),
    firstArchive: (round: number) => measureOurs('admitArchive', archive, join(scratch, `archive-store-${round}`)),
    laterArchive: (round: number) => measureOurs('admitArchive', archive, join(scratch, `archive-store-${round}`)),
  };
  const measured = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(work)) {
      measured.set(name, [...(measured.get(name) ?? []), await measure(round)]);
    }
  }
  const of = (name: keyof typeof work) => medianOf(measured.get(name) ?? []);
  const readAndCopy = of('digest').ms + of('copy').ms;
  return [
    {
      title: '`verifyPackage()`',
      measured: of('verify'),
      peer: '`cat` of all files',
      peerMs: of('cat').ms,
      readBudget: 1.01,
    },
    {
      title: 'first load of a folder',
      measured: of('first'),
      peer: '`digestPackage()` and `cp -r`',
      peerMs: readAndCopy,
      budget: 2,
      // Read once to verify it, and once more to copy it if memory cannot hold it.
      readBudget: 2.01,
    },
    {
      title: 'later load of a folder',
      measured: of('later'),
      peer: '`digestPackage()`',
      peerMs: of('digest').ms,
      budget: 2,
      readBudget: 1.02,
    },
    {
      title: 'first load of an archive',
      measured: of('firstArchive'),
      peer: '`unpackPackage()` and `digestPackage()`',
      peerMs: of('unpack').ms + of('digest').ms,
      budget: 2,
    },
    {
      title: 'later load of an archive',
      measured: of('laterArchive'),
      peer: '`digestPackage()`',
      peerMs: of('digest').ms,
      budget: 1,
    },
  ];
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
