/** The figures as tables in Markdown, and their place in the page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Comparison } from './compare.ts';
import type { Responsiveness } from './measure-under-load.ts';
import { Unavailable } from './measured-contender.ts';
import { operations } from './operations.ts';
import {
  contenderNames,
  idle,
  type MemoryTrial,
  memoryBudgetBytes,
  startUp,
  type Trial,
  underLoadBudget,
} from './trials.ts';

const page = fileURLToPath(new URL('../docs/explanation/performance.md', import.meta.url));
const repository = fileURLToPath(new URL('..', import.meta.url));

/** A part of the page that a program writes: the lines before and after it. */
interface Section {
  readonly begin: string;
  readonly end: string;
}

export const callSection: Section = {
  begin: '<!-- figures: written by `npm run bench` -->',
  end: '<!-- end of figures -->',
};

export const packagingSection: Section = {
  begin: '<!-- figures of packages: written by `npm run bench:packaging` -->',
  end: '<!-- end of figures of packages -->',
};

export function callTable(comparisons: readonly Comparison[]): string {
  const lines = [
    '| trial | fidius | compared with | its figure | fidius ÷ it | budget | held |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const { trial, ours, beside } of comparisons) {
    beside.forEach(({ contender, budget, median }, index) => {
      const ratio = typeof ours.median === 'number' && typeof median === 'number' ? ours.median / median : undefined;
      const cells = [
        index === 0 ? trialTitle(trial) : '',
        index === 0 ? cell(ours.median, duration) : '',
        trial.id === 'noise' ? 'itself' : (trial.beside[index]?.label ?? contenderNames[contender] ?? contender),
        cell(median, duration),
        ratio === undefined ? '–' : toPrecision(ratio),
        budget === undefined ? '' : `≤ ${budget}`,
        verdict(ratio, budget),
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    });
  }
  return lines.join('\n');
}

export function memoryTable(growths: readonly (readonly [MemoryTrial, number | Unavailable])[]): string {
  const lines = ['| calls | by | resident memory grew by | budget | held |', '|---|---|---|---|---|'];
  const budget = memoryBudgetBytes / 2 ** 20;
  for (const [{ contender, operation, calls, inFlight }, growth] of growths) {
    const grown = growth instanceof Unavailable ? growth : growth / 2 ** 20;
    const cells = [
      `${calls.toLocaleString('en')} × ${operations[operation].title}${inFlight === undefined ? '' : `, ${inFlight} in flight`}`,
      contenderNames[contender] ?? contender,
      cell(grown, (mebibytes) => `${mebibytes.toFixed(1)} MiB`),
      `≤ ${budget} MiB`,
      verdict(grown instanceof Unavailable ? undefined : grown, budget),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** @param medians resident bytes, by script of `idle/`. */
export function idleTable(medians: ReadonlyMap<string, number | Unavailable>): string {
  const baseline = medians.get(idle.baseline);
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const lines = ['| idle process | resident memory | over bare `node` |', '|---|---|---|'];
  for (const [script, resident] of medians) {
    const over = typeof resident === 'number' && typeof baseline === 'number' ? resident - baseline : undefined;
    const cells = [
      script === idle.baseline
        ? 'bare `node`'
        : (startUp.names[script] ?? contenderNames[script as keyof typeof contenderNames] ?? script),
      cell(resident, mebibytes),
      over === undefined || script === idle.baseline ? '–' : mebibytes(over),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

export function underLoadTable(rows: readonly Responsiveness[]): string {
  const lines = [
    '| sixteen plugins | by | event-loop delay, 99th percentile | budget | held | slowest `readFile` | budget | held |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const milliseconds = (value: number) => `${toPrecision(value)} ms`;
  for (const { contender, way, measured } of rows) {
    const budgeted = contender === 'fidius-thread' && way !== 'idle';
    const pairs = (['delayP99Ms', 'readFileWorstMs'] as const).flatMap((name) => {
      const value = measured instanceof Unavailable ? measured : measured[name];
      const budget = budgeted ? underLoadBudget[name] : undefined;
      const number = value instanceof Unavailable ? undefined : value;
      return [
        cell(value, milliseconds),
        budget === undefined ? '' : `≤ ${budget.toFixed(0)} ms`,
        verdict(number, budget),
      ];
    });
    lines.push(`| ${[waysOfBeingBusy[way], contenderNames[contender] ?? contender, ...pairs].join(' | ')} |`);
  }
  return lines.join('\n');
}

const waysOfBeingBusy: Readonly<Record<Responsiveness['way'], string>> = {
  idle: 'idle',
  sleep: 'in `time.sleep()`',
  spin: 'in a loop of Python',
  hold: 'in a C function that keeps the lock',
};

export function startUpTable(medians: ReadonlyMap<string, number | Unavailable>): string {
  const baseline = medians.get(startUp.baseline);
  const overBaseline = (median: number | Unavailable | undefined) =>
    typeof median === 'number' && typeof baseline === 'number' ? median - baseline : undefined;
  const peer = overBaseline(medians.get(startUp.peer));
  const budgets: Readonly<Record<string, (peerMs: number) => number>> = startUp.budgets;
  const lines = ['| process | start to first result | over bare `node` | budget | held |', '|---|---|---|---|---|'];
  for (const [script, median] of medians) {
    const over = overBaseline(median);
    const budget = peer === undefined ? undefined : budgets[script]?.(peer);
    const cells = [
      script === startUp.baseline
        ? 'bare `node`'
        : (startUp.names[script] ?? contenderNames[script as keyof typeof contenderNames] ?? script),
      cell(median, (ms) => `${ms.toFixed(0)} ms`),
      over === undefined || script === startUp.baseline ? '–' : `${over.toFixed(0)} ms`,
      budget === undefined ? '' : `≤ ${budget.toFixed(0)} ms`,
      verdict(over, budget),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** Puts the figures between the markers of their section; the rest of the page is not touched. */
export function writePage(figures: string, { begin, end }: Section): void {
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${page} has lost the markers around its figures`);
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${figures}\n\n${text.slice(to)}`);
}

function trialTitle({ operation, inFlight }: Trial): string {
  const { title } = operations[operation];
  return inFlight === undefined ? title : `${title}, ${inFlight} in flight, per call`;
}

function cell(value: number | Unavailable, format: (value: number) => string): string {
  if (!(value instanceof Unavailable)) return format(value);
  return `not measured: ${value.message.replaceAll(repository, '').replaceAll('|', '/')}`;
}

export function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(0)} ns`;
  if (nanoseconds < 1e6) return `${toPrecision(nanoseconds / 1e3)} µs`;
  if (nanoseconds < 1e9) return `${toPrecision(nanoseconds / 1e6)} ms`;
  return `${toPrecision(nanoseconds / 1e9)} s`;
}

/** Two significant digits below 100: more would claim what a shared machine cannot give. */
export function toPrecision(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

export function verdict(value: number | undefined, budget: number | undefined): string {
  if (budget === undefined) return '';
  if (value === undefined) return 'not measured';
  return value <= budget ? 'yes' : '**no**';
}
