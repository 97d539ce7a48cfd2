#!/usr/bin/env node
// `npm create fidius <name>` installs this package and runs this program, which runs `fidius init app <name>`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const manifest = createRequire(import.meta.url).resolve('fidius/package.json');
const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
const program = join(dirname(manifest), bin.fidius);
const { status, error } = spawnSync(process.execPath, [program, 'init', 'app', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
if (error !== undefined) throw error;
// It was ended by a signal if there is no exit code.
process.exitCode = status ?? 1;
