import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { supportedVersions } from '../../../src/cpython/locate/supported.ts';

describe('docs/reference/python-support.md', () => {
  it('lists the versions that the search accepts', () => {
    const table = readFileSync('docs/reference/python-support.md', 'utf8');

    expect(table).toContain(`| ${supportedVersions.oldest} to 3.13 |`);
    expect(table).toContain(`| 3.14, ${supportedVersions.newestTested} |`);
  });
});
