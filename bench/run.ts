/**
 * Usage: npm run bench -- [--quick] [--only <trial id>]…
 *
 * Runs the trials and the start-up comparison, and writes docs/explanation/performance.md. With `--quick` or `--only`
 * the figures are only printed.
 */
import { parseArgs } from 'node:util';
import { type Comparison, compare, type Effort } from './compare.ts';
import { describeMachine, pythonAndPeers } from './machine.ts';
import { measureIdle } from './measure-idle.ts';
import { measureMemory } from './measure-memory.ts';
import { measureStartUp } from './measure-start-up.ts';
import { measureAbort, measureResponsiveness } from './measure-under-load.ts';
import { Unavailable } from './measured-contender.ts';
import { prepare } from './prepare.ts';
import { callSection, callTable, idleTable, memoryTable, startUpTable, underLoadTable, writePage } from './report.ts';
import { idle, startUp, trials } from './trials.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
});
const effort: Effort = options.quick
  ? { openings: 1, rounds: 7, roundMs: 10, maxSeconds: 2 }
  : { openings: 3, rounds: 11, roundMs: 40, maxSeconds: 3 };
const wanted = (id: string): boolean => options.only.length === 0 || options.only.includes(id);

const { python, sitePackages, problems } = prepare();
for (const [step, reason] of Object.entries(problems)) process.stderr.write(`bench: could not ${step}: ${reason}\n`);
// The processes that are measured inherit both.
process.env['FIDIUS_PYTHON'] = python;
process.env['BENCH_SITE_PACKAGES'] = sitePackages;
const machine = describeMachine(pythonAndPeers(python));

const comparisons: Comparison[] = [];
for (const trial of trials.filter(({ id }) => wanted(id))) {
  process.stderr.write(`bench: ${trial.id}\n`);
  comparisons.push(await compare(trial, effort));
}

const parts: string[] = [];
if (comparisons.length > 0) parts.push(callTable(comparisons));
if (wanted('start-up')) {
  process.stderr.write('bench: start-up\n');
  const scripts = [startUp.baseline, ...Object.keys(startUp.budgets), ...startUp.beside];
  parts.push(startUpTable(await measureStartUp(scripts, python, options.quick ? 5 : 21)));
}

if (wanted('under-load')) {
  process.stderr.write('bench: under-load\n');
  parts.push(underLoadTable(await measureResponsiveness()));
  const stopped = await measureAbort();
  const text = stopped instanceof Unavailable ? `not measured: ${stopped.message}` : `${stopped.toFixed(1)} ms`;
  parts.push(`From \`abort()\` until a loop of Python is known to have stopped, median: ${text}.`);
}
if (wanted('memory')) {
  process.stderr.write('bench: memory\n');
  parts.push(memoryTable(await measureMemory(options.quick ? 0.1 : 1)));
  parts.push(idleTable(measureIdle([idle.baseline, ...idle.others], python, options.quick ? 1 : 5)));
}

const figures = [machine, ...parts].join('\n\n');
process.stdout.write(`${figures}\n`);
if (!options.quick && options.only.length === 0) writePage(figures, callSection);
