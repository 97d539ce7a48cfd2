import { duration, toPrecision, verdict } from '../report.ts';
import type { Measured } from './measured.ts';
import type { Tree } from './trees.ts';
import type { PackagingFigure, VerificationFigure } from './trials.ts';

const discoveryBudgetMs = 1_000;
/** Of the event loop, 99th percentile. */
const delayBudgetMs = 20;

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

export function verificationTable({ bytes }: Tree, figures: readonly VerificationFigure[]): string {
  const lines = [
    '| a signed package | takes | compared with | fidius ÷ it | budget | held | bytes read ÷ bytes of the package | budget | held | event-loop delay, 99th percentile | budget | held |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const { title, measured, peer, peerMs, budget, readBudget } of figures) {
    const ratio = measured.ms / peerMs;
    const reads = readBudget === undefined ? Number.NaN : measured.readBytes / bytes;
    const known = Number.isNaN(reads) ? undefined : reads;
    const cells = [
      title,
      time(measured),
      peer,
      toPrecision(ratio),
      budget === undefined ? '' : `≤ ${budget}`,
      verdict(ratio, budget),
      known === undefined ? '' : known.toFixed(3),
      readBudget === undefined ? '' : `≤ ${readBudget}`,
      verdict(known, readBudget),
      `${toPrecision(measured.delayP99Ms)} ms`,
      `≤ ${delayBudgetMs} ms`,
      verdict(measured.delayP99Ms, delayBudgetMs),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
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
