#!/usr/bin/env node
import './require-node.ts';

import { buffer } from 'node:stream/consumers';
import { Interruption } from './command-io.ts';
import { runCli } from './run-cli.ts';

// The only file of the command line that accesses the process. Other files get streams and environment as parameters.

// A reader such as `head` closes the pipe when it has read enough. This ends the work, and is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  readStdin: () => buffer(process.stdin),
  stdout: process.stdout,
  stderr: process.stderr,
  interruptible,
  isTty: process.stderr.isTTY === true,
  cwd: process.cwd(),
  env: process.env,
  self: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
});

async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals) =>
    controller.abort(new Interruption(signal === 'SIGTERM' ? signal : 'SIGINT'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
