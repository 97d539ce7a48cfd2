/**
 * Writes the help of every command into docs/reference/cli.md: the first block of each section. The prose is kept.
 *
 * Usage: npm run docs
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { commands } from '../src/cli/commands.ts';
import { commandHelp } from '../src/cli/help.ts';

const path = new URL('../docs/reference/cli.md', import.meta.url);
let page = readFileSync(path, 'utf8');

for (const [name, load] of Object.entries(commands)) {
  const help = commandHelp(await load());
  const heading = `## fidius ${name}\n`;
  const start = page.indexOf(heading);
  if (start === -1) {
    page += `\n${heading}\n\`\`\`text\n${help}\`\`\`\n`;
    continue;
  }
  const next = page.indexOf('\n## ', start);
  const end = next === -1 ? page.length : next;
  const section = page.slice(start, end).replace(/```text\n[^]*?```\n/, () => `\`\`\`text\n${help}\`\`\`\n`);
  page = page.slice(0, start) + section + page.slice(end);
}
writeFileSync(path, page);
