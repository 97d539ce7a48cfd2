import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBlocks, root } from '../../support/markdown.ts';

describe('examples/cookbook/mcp-client.ts', () => {
  it('calls the tools of a signed package, and none of it after a change, as docs/how-to/cookbook.md shows', () => {
    const path = 'docs/how-to/cookbook.md';
    const blocks = readBlocks([{ path, text: readFileSync(join(root, path), 'utf8') }]);
    const shown = blocks.find(({ language, code }) => language === 'text' && code.startsWith('tools: '));
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');

    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/cookbook/mcp-client.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed = stdout
      .replace(/package \S+:/, 'package …:')
      .replace(
        /trusted keys: key .*; weather_insight\.py was changed after key .* signed the package/,
        'trusted keys: …',
      );
    expect(printed).toBe(shown?.code);
  });
});
