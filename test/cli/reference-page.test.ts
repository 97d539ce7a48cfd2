import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandNames, fidiusIn } from '../support/cli-here.ts';

const page = readFileSync('docs/reference/cli.md', 'utf8');
const names = await commandNames();

describe('docs/reference/cli.md', () => {
  it('has a heading for every command, in the order of the help', () => {
    const headings = [...page.matchAll(/^## fidius (.+)$/gm)].map(([, name]) => name);

    expect(headings.length).toBeGreaterThan(10);
    expect(headings).toEqual(names);
  });

  it.each(names)('shows the help of fidius %s unchanged', async (name) => {
    const { stdout } = await fidiusIn(import.meta.dirname, ['help', ...name.split(' ')]);

    expect(stdout).not.toBe('');
    expect(page).toContain(`\n\`\`\`text\n${stdout}\`\`\`\n`);
  });
});
