import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PluginHost } from 'fidius';
import { LogFollower } from './log-follower-interface.ts';

const folder = await mkdtemp(join(tmpdir(), 'follow-log-'));
const log = join(folder, 'app.log');

try {
  await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/plugins`] });
  const { client } = await host.load('log-follower', LogFollower);
  await writeFile(log, 'INFO started\nWARN disk is 91 % full\n');

  let errors = 0;
  for await (const { line, level, text } of client.follow(log)) {
    console.log(`${line} ${level.padEnd(5)} ${text}`);

    // What another program would do: the log grows while it is followed, at last with an error.
    if (line === 2) await appendFile(log, 'INFO cleaning up\nERROR cannot ');
    if (line === 3) await appendFile(log, 'remove the cache\nINFO stopping\n');

    // Leaving the loop ends the generator in Python, which closes the file.
    if (level === 'ERROR') errors += 1;
    if (text === 'stopping') break;
  }
  console.log(`${errors} error`);
} finally {
  await rm(folder, { recursive: true });
}
