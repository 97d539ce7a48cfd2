/**
 * Writes docs/reference/errors.md from the table of error codes.
 *
 * Usage: npm run docs
 */

import { writeFileSync } from 'node:fs';
import { errorCodes, retiredCodes } from '../src/errors/codes.ts';

const page = new URL('../docs/reference/errors.md', import.meta.url);

/** The whole page: a heading for each code, its sentence under it, sorted. */
export function errorPage(codes: Readonly<Record<string, string>>, retired: readonly string[]): string {
  const entries = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '<!-- Written by scripts/write-error-page.ts; change src/errors/codes.ts and run `npm run docs`. -->',
    '',
    '# Error codes',
    '',
    'Errors of this library are instances of `FidiusError`. Distinguish them by `code`: a code is never renamed, and its',
    'meaning never changes. Messages may change. `hint` says what to do next, and `cause` is the underlying error.',
    '',
    'Misuse is a `TypeError` (`FidiusTypeError`) or a `RangeError` (`FidiusRangeError`) with a code. `isFidiusError()` is true for',
    'both: see [the decision](../decisions/misuse-errors.md).',
    '',
    'Exceptions from the code of a plugin are instances of `PluginError`, with a code that the plugin chooses: see',
    '[Raise errors](../how-to/raise-errors.md). That page also describes `plugin`, `method` and the stack of an error.',
    ...entries.flatMap(([code, sentence]) => ['', `## ${code}`, '', sentence]),
    ...(retired.length === 0
      ? []
      : ['', '## Retired codes', '', ...[...retired].sort().map((code) => `- \`${code}\``)]),
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(page, errorPage(errorCodes, retiredCodes));
