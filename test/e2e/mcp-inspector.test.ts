import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { workshopModule } from '../support/mcp-process.ts';
import { installTool } from '../support/npm-tool.ts';
import { fidius } from '../support/run-fidius.ts';
import { writeWorkshop } from '../support/workshop.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-inspector-')));
const modules = installTool(
  folder,
  '@modelcontextprotocol/inspector@2.12.0',
  '--ignore-scripts',
  '--engine-strict=false',
);
writeWorkshop(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(modules)('the command line of MCP Inspector', () => {
  it('lists the tools of fidius mcp', () => {
    const { tools } = inspect('--method', 'tools/list') as { readonly tools: readonly { readonly name: string }[] };

    expect(tools.map(({ name }) => name)).toContain('greet');
  });

  it('calls a tool of fidius mcp', () => {
    const answer = inspect('--method', 'tools/call', '--tool-name', 'greet', '--tool-arg', 'name=Ada');

    expect(answer).toMatchObject({ structuredContent: { result: 'Hello, Ada' } });
  });
});

function inspect(...request: readonly string[]): unknown {
  const inspector = join(modules ?? '', '.bin/mcp-inspector');
  const server = [...fidius, 'mcp', 'workshop', '--interface', workshopModule];
  const { stdout, stderr } = spawnSync(inspector, ['--cli', ...server, ...request], { cwd: folder, encoding: 'utf8' });
  if (!stdout.includes('{')) throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}
