import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { commandHelp } from '../../src/cli/help.ts';
import { supportedVersions } from '../../src/python/locate/supported.ts';

const page = readFileSync('docs/reference/cli.md', 'utf8');

describe('docs/reference/cli.md', () => {
  it('has a heading for every command, in the order of the help', () => {
    const headings = [...page.matchAll(/^## fidius (.+)$/gm)].map(([, name]) => name);

    expect(headings).toEqual(Object.keys(commands));
  });

  it.each(Object.entries(commands))('shows the help of fidius %s as it is', async (_name, load) => {
    expect(page).toContain(`\n\`\`\`text\n${commandHelp(await load())}\`\`\`\n`);
  });
});

describe('docs/reference/python-support.md', () => {
  it('names the versions that the search accepts', () => {
    const table = readFileSync('docs/reference/python-support.md', 'utf8');

    expect(table).toContain(`| ${supportedVersions.oldest} to 3.13 |`);
    expect(table).toContain(`| 3.14, ${supportedVersions.newestTested} |`);
  });
});
