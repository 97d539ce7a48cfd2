import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorPage } from '../../../scripts/write-error-page.ts';
import { errorCodes, retiredCodes } from '../../../src/errors/codes.ts';

describe('error codes', () => {
  it('are the headings of docs/reference/errors.md, which `npm run docs` writes', () => {
    const page = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8');
    const headings = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code);

    expect(headings).toEqual(Object.keys(errorCodes).toSorted());
    expect(page).toBe(errorPage(errorCodes, retiredCodes));
  });

  it('say what they mean in a sentence', () => {
    const odd = Object.entries(errorCodes).filter(([, sentence]) => !/^[A-Z“`][^]*\.$/.test(sentence));

    expect(odd).toEqual([]);
  });

  it('are named after their area', () => {
    expect(Object.keys(errorCodes).filter((code) => !/^FIDIUS(_[A-Z0-9]+){2,}$/.test(code))).toEqual([]);
  });

  it('do not bring a retired name back', () => {
    expect(Object.keys(errorCodes).filter((code) => retiredCodes.includes(code))).toEqual([]);
  });
});

describe('errorPage', () => {
  it('sorts the codes and lists the retired ones at the end', () => {
    const page = errorPage({ FIDIUS_B_ONE: 'Second.', FIDIUS_A_ONE: 'First.' }, ['FIDIUS_OLD_TWO', 'FIDIUS_OLD_ONE']);

    expect(page.slice(page.indexOf('## '))).toMatchInlineSnapshot(`
      "## FIDIUS_A_ONE

      First.

      ## FIDIUS_B_ONE

      Second.

      ## Retired codes

      - \`FIDIUS_OLD_ONE\`
      - \`FIDIUS_OLD_TWO\`
      "
    `);
  });
});
