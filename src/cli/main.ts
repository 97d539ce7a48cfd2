#!/usr/bin/env node
import './require-node.ts';

import { buffer } from 'node:stream/consumers';
import { interruptible } from './process-signals.ts';
import { runCli } from './run-cli.ts';

// Other files of the command line get streams and environment as parameters, and do not access the process.

// A reader such as `head` closes the pipe when it has read enough. This ends the work, and is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

// Standard output has results only. A module of the user that prints while it is imported writes to standard error.
const { stdout, stderr } = process;
const writeResult = stdout.write.bind(stdout);
stdout.write = stderr.write.bind(stderr);

process.exitCode = await runCli(process.argv.slice(2), {
  readStdin: () => buffer(process.stdin),
  openStdin: () => process.stdin,
  stdout: { write: (data) => writeResult(data) },
  stderr,
  interruptible,
  isTty: stderr.isTTY === true,
  isStdoutTty: stdout.isTTY === true,
  columns: stderr.isTTY === true ? stderr.columns : undefined,
  cwd: process.cwd(),
  env: process.env,
  self: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
});
