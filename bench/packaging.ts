/**
 * Usage: npm run bench:packaging -- [--quick]
 *
 * Measures digests, archives, verification and discovery, and writes their part of docs/explanation/performance.md. With
 * `--quick` everything is small, and the figures are only printed. It needs about 6 GB in the folder for temporary files.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { comparisonTable, discoveryText, treeText, verificationTable } from './packaging/tables.ts';
import { searchPath, smallFilesTree, type TreeSizes, vendoredTree } from './packaging/trees.ts';
import {
  comparedTrials,
  measureDiscovery,
  measureVerification,
  type PackagingFigure,
  runTrial,
} from './packaging/trials.ts';
import { packagingSection, writePage } from './report.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const sizes: TreeSizes = options.quick
  ? { vendoredBytes: 5e6, smallFiles: 500, packages: 50 }
  : { vendoredBytes: 200e6, smallFiles: 20_000, packages: 1_000 };
const rounds = options.quick ? 1 : 5;
const say = (what: string): unknown => process.stderr.write(`bench: ${what}\n`);

const machine = describeMachine();
const scratch = mkdtempSync(join(tmpdir(), 'fidius-bench-'));
try {
  say('make the trees');
  const vendored = vendoredTree(scratch, 'python3', sizes.vendoredBytes);
  const small = smallFilesTree(scratch, sizes.smallFiles);
  const plugins = searchPath(scratch, sizes.packages);

  const figures: PackagingFigure[] = [];
  for (const trial of comparedTrials({ vendored, small }, scratch)) {
    say(trial.title);
    figures.push(await runTrial(trial, rounds));
  }
  say('verification');
  const verified = await measureVerification(vendored, scratch, rounds);
  say('discovery');
  const discovery = await measureDiscovery(plugins, rounds);

  const text = [
    machine,
    treeText(vendored),
    comparisonTable(figures),
    verificationTable(vendored, verified),
    discoveryText(sizes.packages, discovery),
  ].join('\n\n');
  process.stdout.write(`${text}\n`);
  if (!options.quick) writePage(text, packagingSection);
} finally {
  // Stored packages are read-only.
  execFileSync('chmod', ['-R', 'u+w', scratch]);
  rmSync(scratch, { recursive: true, force: true });
}
