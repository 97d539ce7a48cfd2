import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/markdown.ts';

describe('examples/cookbook/mcp-client.ts', () => {
  it('calls the tools of a signed package, and none of it after a change', () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/cookbook/mcp-client.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.replace(/package \S+:/, 'package <folder>:').replaceAll(/key [0-9a-f]{16}/g, 'key <id>')).toBe(
      [
        'tools: parse, monthly, dryspell, plot',
        "dryspell: { first: '2012-07-23', last: '2012-09-08', days: 48 }",
        'refused: NO_DRY_DAY: no day had 0.0 mm of rain or less',
        'details: {"limit":0}',
        'changed: FIDIUS_SIGNATURE_INVALID: Cannot trust package <folder>: its signature matches none of the trusted keys: ' +
          'key <id>; weather_insight.py was changed after key <id> signed the package',
        '',
      ].join('\n'),
    );
  });
});
