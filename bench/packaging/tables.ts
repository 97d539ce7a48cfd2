import { duration, toPrecision, verdict } from '../report.ts';
import type { Measured } from './measured.ts';
import type { Tree } from './trees.ts';
import type { PackagingFigure, VerificationFigure } from './trials.ts';

/** Of how many times its size a package may be read to verify it; a little more for the manifest and the signature. */
const readBudget = 1.01;
const discoveryBudgetMs = 1_000;

export function treeText({ title, files, bytes }: Tree): string {
  return `The package that is packed: ${title}; ${files.toLocaleString('en')} files, ${megabytes(bytes)}.`;
}

export function comparisonTable(figures: readonly PackagingFigure[]): string {
  const lines = [
    '| work | fidius | compared with | its figure | fidius ÷ it | processor time, fidius ÷ it | memory at most | its | budget | held |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const { trial, ours, theirs } of figures) {
    const ratio = ours.ms / theirs.ms;
    const cells = [
      trial.title,
      time(ours),
      `\`${trial.peer}\``,
      time(theirs),
      toPrecision(ratio),
      toPrecision(ours.processorMs / theirs.processorMs),
      megabytes(ours.peakBytes),
      megabytes(theirs.peakBytes),
      trial.budget === undefined ? '' : `≤ ${trial.budget}`,
      verdict(ratio, trial.budget),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

export function verificationTable({ bytes }: Tree, read: Measured, figures: readonly VerificationFigure[]): string {
  const lines = [
    '| a signed package is verified | takes | ÷ `cat` of all files | bytes read ÷ bytes of the package | budget | held |',
    '|---|---|---|---|---|---|',
  ];
  for (const { title, measured } of figures) {
    const reads = measured.readBytes / bytes;
    const shown = Number.isNaN(reads) ? 'not measured' : reads.toFixed(3);
    const known = Number.isNaN(reads) ? undefined : reads;
    const cells = [title, time(measured), toPrecision(measured.ms / read.ms), shown, `≤ ${readBudget}`];
    lines.push(`| ${[...cells, verdict(known, readBudget)].join(' | ')} |`);
  }
  return lines.join('\n');
}

export function discoveryText(packages: number, { ms, peakBytes }: Measured): string {
  const held = verdict(ms, discoveryBudgetMs);
  const where = `Discovery of ${packages.toLocaleString('en')} packages on a warm disk`;
  return `${where}: ${duration(ms * 1e6)}, ${megabytes(peakBytes)} at most; budget ≤ 1 s, held: ${held}.`;
}

function time({ ms }: Measured): string {
  return duration(ms * 1e6);
}

function megabytes(bytes: number): string {
  return Number.isNaN(bytes) ? 'not known' : `${toPrecision(bytes / 1e6)} MB`;
}
